/* SPDX-License-Identifier: Apache-2.0 */
/*
 * fuzz_process.c - what a process that is not to be trusted has around it: the names in its maps, its list of
 * compiled functions, the program that it is or starts.
 *
 * Input: a byte that says which of them, then its contents.
 */
#define _GNU_SOURCE 1 /* memfd_create() */
#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "model/elf_program.h"
#include "model/maps.h"
#include "model/script.h"
#include "model/symbolize_jit.h"

#define CHECK(condition)                                                                           \
	do {                                                                                       \
		if (!(condition)) {                                                                \
			(void)dprintf(2, "%s:%d: %s\n", __FILE__, __LINE__, #condition);           \
			abort();                                                                   \
		}                                                                                  \
	} while (0)

#define JIT_PID 1

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t bytes);

static void read_maps(const uint8_t *data, size_t bytes)
{
	FILE *file = bytes == 0 ? NULL : fmemopen((void *)(uintptr_t)data, bytes, "r");

	if (file == NULL)
		return;
	for (enum maps_kind kind = MAPS_SHARED; kind <= MAPS_CODE; kind++) {
		struct maps maps;

		rewind(file);
		CHECK(maps_read_file(file, kind, &maps) == 0);
		for (size_t i = 0; i < maps.count; i++)
			CHECK(maps.lines[i].inode != 0 && strlen(maps.lines[i].path) <= bytes);
		maps_free(&maps);
	}
	(void)fclose(file);
}

/* The folder stays for the time of the run; who runs this removes it. */
static int jit_file(char *sysroot, size_t sysroot_bytes)
{
	static char folder[4096];
	static int fd = -1;
	char path[4200];

	if (fd < 0) {
		const char *parent = getenv("TMPDIR");

		(void)snprintf(folder, sizeof(folder), "%s/fuzz_process.XXXXXX",
			       parent != NULL ? parent : "/tmp");
		CHECK(mkdtemp(folder) != NULL);
		(void)snprintf(path, sizeof(path), "%s/tmp", folder);
		CHECK(mkdir(path, 0700) == 0);
		(void)snprintf(path, sizeof(path), "%s/tmp/perf-%d.map", folder, JIT_PID);
		fd = open(path, O_CREAT | O_EXCL | O_RDWR | O_CLOEXEC, 0600);
		CHECK(fd >= 0);
	}
	(void)snprintf(sysroot, sysroot_bytes, "%s", folder);
	return fd;
}

static void read_jit(const uint8_t *data, size_t bytes)
{
	char sysroot[4096];
	int fd = jit_file(sysroot, sizeof(sysroot));
	struct jit_map *map = NULL;

	CHECK(ftruncate(fd, 0) == 0 && pwrite(fd, data, bytes, 0) == (ssize_t)bytes);
	CHECK(jit_map_new(sysroot, JIT_PID, 0, &map) == 0);
	for (uint64_t address = 1; address != 0; address <<= 1) {
		const char *name = jit_map_find(map, address);

		CHECK(name == NULL || (name[0] != '\0' && strlen(name) < bytes));
		(void)jit_map_find(map, address - 1);
	}
	jit_map_free(map);
}

static void read_script(const uint8_t *data, size_t bytes)
{
	char *exact = malloc(bytes + (bytes == 0));
	struct script script;
	int result;

	CHECK(exact != NULL);
	memcpy(exact, data, bytes);
	result = script_parse(exact, bytes, &script);
	CHECK(result == 0 || result == -ENOEXEC || result == -EBADMSG);
	CHECK((result == 0) == (script.interpreter[0] != '\0'));
	CHECK(strlen(script.interpreter) < SCRIPT_LINE_MAX);
	CHECK(strlen(script.through_env) < SCRIPT_LINE_MAX);
	free(exact);
}

static void read_program(const uint8_t *data, size_t bytes)
{
	int fd = memfd_create("fuzz", MFD_CLOEXEC);
	struct elf_program program;
	int result;

	CHECK(fd >= 0 && write(fd, data, bytes) == (ssize_t)bytes);
	result = elf_program_read(fd, &program);
	CHECK(result <= 0);
	CHECK(strnlen(program.loader, sizeof(program.loader)) < sizeof(program.loader));
	close(fd);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t bytes)
{
	static void (*const readers[])(const uint8_t *data, size_t bytes) = {
		read_maps,
		read_jit,
		read_script,
		read_program,
	};

	if (bytes > 0)
		readers[data[0] % 4](data + 1, bytes - 1);
	return 0;
}
