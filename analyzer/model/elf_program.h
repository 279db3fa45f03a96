/* SPDX-License-Identifier: Apache-2.0 */
/*
 * elf_program.h - what the program headers of an ELF file say about how it will be started.
 *
 * The file is read in small checked pieces; nothing of it is trusted.
 */
#ifndef MODEL_ELF_PROGRAM_H
#define MODEL_ELF_PROGRAM_H

#include <stdbool.h>
#include <stdint.h>

#define ELF_PROGRAM_LOADER_MAX 256
#define ELF_PROGRAM_CXX "libstdc++.so.6"

struct elf_program {
	unsigned int class_bits; /* 32 or 64 */
	bool is_little_endian;
	uint16_t machine; /* e_machine */
	uint16_t type;	  /* e_type: ET_EXEC, ET_DYN, ... */
	/* the rest is known of 64-bit little-endian files only */
	bool has_loader;    /* PT_INTERP */
	bool has_dynamic;   /* PT_DYNAMIC */
	bool has_soname;    /* a shared library by its own account */
	bool has_sanitizer; /* needs libasan, libtsan or a relative, which insist on coming first */
	bool has_cxx;	    /* needs libstdc++ */
	char loader[ELF_PROGRAM_LOADER_MAX]; /* path in PT_INTERP; "" = none */
};

/**
 * elf_program_read() - read the headers of an open file.
 *
 * Return: 0; -ENOEXEC not an ELF file; -EBADMSG cut or malformed; another negative errno from the system.
 */
int elf_program_read(int fd, struct elf_program *out);

#endif
