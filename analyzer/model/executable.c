/* SPDX-License-Identifier: Apache-2.0 */
/*
 * executable.c - finds out whether the loader will preload anything into a program.
 */
#include "model/executable.h"

#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "model/elf_program.h"
#include "model/privilege.h"
#include "model/script.h"

#define PATH_DEFAULT "/bin:/usr/bin"
#define SCRIPT_DEPTH_MAX 5 /* the kernel follows no more */

#if defined(__x86_64__)
#define MACHINE_OURS EM_X86_64
#elif defined(__aarch64__)
#define MACHINE_OURS EM_AARCH64
#else
#error "add the ELF number of this machine"
#endif

/* Loaders whose C library our shim, linked against glibc, cannot be loaded into. */
static const struct {
	const char *prefix;
	const char *libc;
} foreign_loaders[] = {
	{"ld-musl-", "musl"},
	{"ld64-uClibc", "uClibc"},
	{"ld-uClibc", "uClibc"},
	{"linker64", "bionic"},
};

static const struct {
	uint16_t machine;
	const char *name;
} machine_names[] = {
	{EM_386, "32-bit x86"},	 {EM_X86_64, "x86-64"}, {EM_ARM, "32-bit ARM"},
	{EM_AARCH64, "AArch64"}, {EM_RISCV, "RISC-V"},	{EM_PPC64, "PowerPC 64"},
	{EM_S390, "S/390"},	 {EM_MIPS, "MIPS"},	{EM_PPC, "PowerPC"},
};

static enum executable_obstacle check_depth(const char *path, int depth, struct error *error);

static enum executable_obstacle report(struct error *error, enum executable_obstacle obstacle,
				       const char *path, const char *reason)
{
	(void)error_set(error, 0, "%s: %s", path, reason);
	return obstacle;
}

/* ---- finding ---- */

static enum executable_obstacle check_access(const char *path, struct error *error)
{
	struct stat status;

	if (stat(path, &status) != 0 && (errno == ENOENT || errno == ENOTDIR))
		return report(error, EXECUTABLE_MISSING, path, "no such file");
	if (faccessat(AT_FDCWD, path, X_OK, AT_EACCESS) != 0)
		return report(error, EXECUTABLE_NOT_EXECUTABLE, path,
			      errno == EACCES ? "no right to execute it" : strerror(errno));
	if (!S_ISREG(status.st_mode))
		return report(error, EXECUTABLE_NOT_EXECUTABLE, path,
			      S_ISDIR(status.st_mode) ? "is a directory" : "not a regular file");
	return EXECUTABLE_FINE;
}

static enum executable_obstacle keep_path(const char *text, char *path, struct error *error)
{
	if (strlen(text) >= PATH_MAX)
		return report(error, EXECUTABLE_MISSING, text, strerror(ENAMETOOLONG));
	(void)strcpy(path, text);
	return check_access(path, error);
}

/* An unusable file of that name is only the answer when no later directory has a usable one. */
static enum executable_obstacle search_path(const char *name, const char *search, char *path,
					    struct error *error)
{
	enum executable_obstacle worst = EXECUTABLE_MISSING, found;
	char candidate[PATH_MAX];
	struct error reason;

	(void)error_set(error, 0, "%s: no such command in PATH", name);
	for (;;) {
		size_t bytes = strcspn(search, ":");
		int length = snprintf(candidate, sizeof(candidate), "%.*s/%s", (int)bytes,
				      bytes > 0 ? search : ".", name);

		if (bytes == 0)
			length = snprintf(candidate, sizeof(candidate), "./%s", name);
		if (length > 0 && (size_t)length < sizeof(candidate)) {
			found = check_access(candidate, &reason);
			if (found == EXECUTABLE_FINE) {
				(void)strcpy(path, candidate);
				return found;
			}
			if (found != EXECUTABLE_MISSING && worst == EXECUTABLE_MISSING) {
				worst = found;
				*error = reason;
			}
		}
		if (search[bytes] == '\0')
			return worst;
		search += bytes + 1;
	}
}

enum executable_obstacle executable_find(const char *name, char *path, struct error *error)
{
	const char *search = getenv("PATH");

	if (name[0] == '\0')
		return report(error, EXECUTABLE_MISSING, "''", "no such command");
	if (strchr(name, '/') != NULL)
		return keep_path(name, path, error);
	return search_path(name, search != NULL ? search : PATH_DEFAULT, path, error);
}

/* ---- looking inside ---- */

static const char *machine_name(uint16_t machine)
{
	for (size_t i = 0; i < sizeof(machine_names) / sizeof(machine_names[0]); i++)
		if (machine_names[i].machine == machine)
			return machine_names[i].name;
	return "another processor";
}

static const char *foreign_libc(const char *loader)
{
	const char *slash = strrchr(loader, '/');
	const char *name = slash != NULL ? slash + 1 : loader;

	for (size_t i = 0; i < sizeof(foreign_loaders) / sizeof(foreign_loaders[0]); i++)
		if (strncmp(name, foreign_loaders[i].prefix, strlen(foreign_loaders[i].prefix)) ==
		    0)
			return foreign_loaders[i].libc;
	return NULL;
}

static enum executable_obstacle check_loader(const char *path, const struct elf_program *program,
					     struct error *error)
{
	const char *libc = foreign_libc(program->loader);

	if (libc != NULL) {
		(void)error_set(error, 0,
				"%s: uses the C library %s (loader %s); memtrace needs glibc", path,
				libc, program->loader);
		return EXECUTABLE_OTHER_LIBC;
	}
	if (access(program->loader, F_OK) != 0) {
		(void)error_set(error, 0, "%s: its loader %s does not exist", path,
				program->loader);
		return EXECUTABLE_NO_LOADER;
	}
	return EXECUTABLE_FINE;
}

static enum executable_obstacle check_machine(const char *path, const struct elf_program *program,
					      struct error *error)
{
	if (program->class_bits == 64 && program->is_little_endian &&
	    program->machine == MACHINE_OURS)
		return EXECUTABLE_FINE;
	(void)error_set(error, 0, "%s: built for %s%s; this memtrace traces %s programs", path,
			machine_name(program->machine),
			program->machine == EM_X86_64 && program->class_bits == 32 ? " (x32)" : "",
			machine_name(MACHINE_OURS));
	return EXECUTABLE_OTHER_MACHINE;
}

/* A loader started by name has no loader of its own, but a soname; it preloads like any other. */
static enum executable_obstacle check_elf(const char *path, int fd,
					  const struct elf_program *program, struct error *error)
{
	enum executable_obstacle obstacle = check_machine(path, program, error);
	const char *reason;

	if (obstacle != EXECUTABLE_FINE)
		return obstacle;
	if (program->type != ET_EXEC && program->type != ET_DYN)
		return report(error, EXECUTABLE_MALFORMED, path, "an ELF file, but not a program");
	if (!program->has_loader && !program->has_soname)
		return report(error, EXECUTABLE_STATIC, path,
			      program->type == ET_DYN
				      ? "static-PIE: nothing can be preloaded into it"
				      : "statically linked: nothing can be preloaded into it");
	if (program->has_loader)
		obstacle = check_loader(path, program, error);
	if (obstacle != EXECUTABLE_FINE)
		return obstacle;
	reason = privilege_gained(fd);
	if (reason != NULL) {
		(void)error_set(error, 0, "%s: %s, so the loader ignores preloads", path, reason);
		return EXECUTABLE_PRIVILEGED;
	}
	if (program->has_sanitizer)
		return report(error, EXECUTABLE_SANITIZED, path,
			      "built with a sanitizer, whose runtime has to come first and "
			      "replaces malloc");
	return EXECUTABLE_FINE;
}

static enum executable_obstacle check_script(const char *path, const struct script *script,
					     int depth, struct error *error)
{
	char found[PATH_MAX];
	struct error reason;
	enum executable_obstacle obstacle;

	obstacle = keep_path(script->interpreter, found, &reason);
	if (obstacle == EXECUTABLE_FINE)
		obstacle = check_depth(found, depth + 1, &reason);
	if (obstacle == EXECUTABLE_FINE && script->through_env[0] != '\0') {
		obstacle = executable_find(script->through_env, found, &reason);
		if (obstacle == EXECUTABLE_FINE)
			obstacle = check_depth(found, depth + 1, &reason);
	}
	if (obstacle == EXECUTABLE_FINE)
		return obstacle;
	(void)error_set(error, 0, "%s: a script for %s", path, reason.text);
	return obstacle == EXECUTABLE_MISSING ? EXECUTABLE_NO_LOADER : obstacle;
}

/* A text file without "#!" is handed to /bin/sh by execvp(). */
static enum executable_obstacle check_text(const char *path, int fd, int depth, struct error *error)
{
	char head[SCRIPT_LINE_MAX];
	ssize_t bytes = pread(fd, head, sizeof(head), 0);
	struct script script;
	int ret;

	if (bytes < 0)
		return report(error, EXECUTABLE_MALFORMED, path, strerror(errno));
	ret = script_parse(head, (size_t)bytes, &script);
	if (ret == 0)
		return check_script(path, &script, depth, error);
	if (ret == -EBADMSG || memchr(head, '\0', (size_t)bytes) != NULL)
		return report(error, EXECUTABLE_MALFORMED, path, "neither a program nor a script");
	script = (struct script){"/bin/sh", ""};
	return check_script(path, &script, depth, error);
}

static enum executable_obstacle check_depth(const char *path, int depth, struct error *error)
{
	enum executable_obstacle obstacle;
	struct elf_program program;
	int fd, ret;

	if (depth > SCRIPT_DEPTH_MAX)
		return report(error, EXECUTABLE_MALFORMED, path, "scripts for scripts without end");
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0 && errno == EACCES)
		return EXECUTABLE_FINE; /* may be executed but not looked at: the kernel decides */
	if (fd < 0)
		return report(error, EXECUTABLE_MISSING, path, strerror(errno));
	ret = elf_program_read(fd, &program);
	if (ret == 0)
		obstacle = check_elf(path, fd, &program, error);
	else if (ret == -ENOEXEC)
		obstacle = check_text(path, fd, depth, error);
	else
		obstacle = report(error, EXECUTABLE_MALFORMED, path,
				  ret == -EBADMSG ? "a damaged ELF file" : strerror(-ret));
	(void)close(fd);
	return obstacle;
}

enum executable_obstacle executable_check(const char *path, struct error *error)
{
	return check_depth(path, 0, error);
}
