/* SPDX-License-Identifier: Apache-2.0 */
/*
 * loader_range.c - where the dynamic loader's code lies: its program headers stand at AT_BASE.
 */
#include "loader_range.h"

#include <elf.h>
#include <sys/auxv.h>

uintptr_t loader_range_start, loader_range_bytes;

void loader_range_init(void)
{
	uintptr_t base = getauxval(AT_BASE);
	const Elf64_Ehdr *header = (const Elf64_Ehdr *)base;
	const Elf64_Phdr *program;

	if (base == 0 || header->e_phentsize != sizeof(Elf64_Phdr))
		return;
	program = (const Elf64_Phdr *)(base + header->e_phoff);
	for (unsigned i = 0; i < header->e_phnum; i++) {
		if (program[i].p_type != PT_LOAD || (program[i].p_flags & PF_X) == 0)
			continue;
		loader_range_start = base + program[i].p_vaddr;
		loader_range_bytes = program[i].p_memsz;
	}
}
