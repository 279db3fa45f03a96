/* SPDX-License-Identifier: Apache-2.0 */
/*
 * symbolize_elf.h - one ELF file, opened and known by its build ID. Private to symbolize*.c.
 */
#ifndef MODEL_SYMBOLIZE_ELF_H
#define MODEL_SYMBOLIZE_ELF_H

#include <libelf.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Bytes of a build ID; none when there are none. Points into what it was read from. */
struct build_id {
	const uint8_t *data;
	size_t bytes;
};

#define BUILD_ID_TEXT_BYTES 129 /* room for 64 bytes in hex */

struct elf_file {
	char *path;
	int fd; /* -1: memory of this process */
	Elf *elf;
	struct build_id build_id;
};

/**
 * elf_file_open() - open an executable, library or debug file.
 *
 * Return: 0; -ENOENT; -ENOEXEC when it is no ELF file; another negative errno.
 */
int elf_file_open(const char *path, struct elf_file **out);

/**
 * elf_file_open_checked() - open a file and keep it only if it has this build ID.
 * @path: is freed; NULL is allowed.
 *
 * Return: NULL if it is not there or another one.
 */
struct elf_file *elf_file_open_checked(char *path, struct build_id id);

/**
 * elf_file_open_vdso() - the vdso of this very process; -ENOENT when it has none.
 */
int elf_file_open_vdso(struct elf_file **out);

/**
 * elf_file_close() - NULL is allowed.
 */
void elf_file_close(struct elf_file *file);

/**
 * elf_file_has_section() - whether a section is there with its contents.
 */
bool elf_file_has_section(const struct elf_file *file, const char *name);

/**
 * elf_file_has_crc() - whether the checksum of the whole file, as .gnu_debuglink has it, is this one.
 */
bool elf_file_has_crc(const struct elf_file *file, uint32_t crc);

/**
 * elf_file_changed_ns() - when the file was written last, wall clock; 0 = unknown.
 */
uint64_t elf_file_changed_ns(const struct elf_file *file);

bool build_id_equal(struct build_id a, struct build_id b);

/**
 * build_id_text() - lower-case hex, "" for none; longer ones are cut.
 */
const char *build_id_text(struct build_id id, char text[static BUILD_ID_TEXT_BYTES]);

#endif
