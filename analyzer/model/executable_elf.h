/* SPDX-License-Identifier: Apache-2.0 */
/*
 * executable_elf.h - the checks that an ELF file has to pass so that something can be preloaded into it.
 */
#ifndef MODEL_EXECUTABLE_ELF_H
#define MODEL_EXECUTABLE_ELF_H

#include <stdbool.h>

#include "model/elf_program.h"
#include "model/executable.h"

struct executable_elf {
	const char *path;
	int fd;
	const struct elf_program *program;
};

struct executable_elf_check {
	const char *name;
	enum executable_obstacle (*check)(const struct executable_elf *file, struct error *error);
	const char *fine;  /* what it means that it was passed */
	bool is_condition; /* of the checks behind it */
};

#define EXECUTABLE_ELF_CHECKS 6

/* In the order in which they are made. */
extern const struct executable_elf_check executable_elf_checks[EXECUTABLE_ELF_CHECKS];

#endif
