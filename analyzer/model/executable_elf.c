/* SPDX-License-Identifier: Apache-2.0 */
/*
 * executable_elf.c - the checks that an ELF file has to pass so that something can be preloaded into it.
 */
#include "model/executable_elf.h"

#include <elf.h>
#include <string.h>
#include <unistd.h>

#include "model/privilege.h"

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

static enum executable_obstacle report(struct error *error, enum executable_obstacle obstacle,
				       const char *path, const char *reason)
{
	(void)error_set(error, 0, "%s: %s", path, reason);
	return obstacle;
}

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

static enum executable_obstacle check_machine(const struct executable_elf *file,
					      struct error *error)
{
	const struct elf_program *program = file->program;

	if (program->class_bits == 64 && program->is_little_endian &&
	    program->machine == MACHINE_OURS)
		return EXECUTABLE_FINE;
	(void)error_set(error, 0, "%s: built for %s%s; this memtrace traces %s programs",
			file->path, machine_name(program->machine),
			program->machine == EM_X86_64 && program->class_bits == 32 ? " (x32)" : "",
			machine_name(MACHINE_OURS));
	return EXECUTABLE_OTHER_MACHINE;
}

static enum executable_obstacle check_kind(const struct executable_elf *file, struct error *error)
{
	if (file->program->type == ET_EXEC || file->program->type == ET_DYN)
		return EXECUTABLE_FINE;
	return report(error, EXECUTABLE_MALFORMED, file->path, "an ELF file, but not a program");
}

/* A loader started by name has no loader of its own, but a soname; it preloads like any other. */
static enum executable_obstacle check_linking(const struct executable_elf *file,
					      struct error *error)
{
	if (file->program->has_loader || file->program->has_soname)
		return EXECUTABLE_FINE;
	return report(error, EXECUTABLE_STATIC, file->path,
		      file->program->type == ET_DYN
			      ? "static-PIE: nothing can be preloaded into it"
			      : "statically linked: nothing can be preloaded into it");
}

static enum executable_obstacle check_loader(const struct executable_elf *file, struct error *error)
{
	const char *loader = file->program->loader;
	const char *libc = foreign_libc(loader);

	if (!file->program->has_loader)
		return EXECUTABLE_FINE;
	if (libc != NULL) {
		(void)error_set(error, 0,
				"%s: uses the C library %s (loader %s); memtrace needs glibc",
				file->path, libc, loader);
		return EXECUTABLE_OTHER_LIBC;
	}
	if (access(loader, F_OK) == 0)
		return EXECUTABLE_FINE;
	(void)error_set(error, 0, "%s: its loader %s does not exist", file->path, loader);
	return EXECUTABLE_NO_LOADER;
}

static enum executable_obstacle check_privileges(const struct executable_elf *file,
						 struct error *error)
{
	const char *reason = privilege_gained(file->fd);

	if (reason == NULL)
		return EXECUTABLE_FINE;
	(void)error_set(error, 0, "%s: %s, so the loader ignores preloads", file->path, reason);
	return EXECUTABLE_PRIVILEGED;
}

static enum executable_obstacle check_sanitizer(const struct executable_elf *file,
						struct error *error)
{
	if (!file->program->has_sanitizer)
		return EXECUTABLE_FINE;
	return report(
		error, EXECUTABLE_SANITIZED, file->path,
		"built with a sanitizer, whose runtime has to come first and replaces malloc");
}

const struct executable_elf_check executable_elf_checks[EXECUTABLE_ELF_CHECKS] = {
	{"machine", check_machine, "built for this machine", true},
	{"kind", check_kind, "a program", true},
	{"linking", check_linking, "dynamically linked", false},
	{"loader", check_loader, "its loader is there and glibc's", false},
	{"privileges", check_privileges, "gains no privileges when it is started", false},
	{"sanitizer", check_sanitizer, "has no sanitizer", false},
};
