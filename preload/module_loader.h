/* SPDX-License-Identifier: Apache-2.0 */
/*
 * module_loader.h - asks the dynamic loader what is mapped at an address, without its locks.
 */
#ifndef PRELOAD_MODULE_LOADER_H
#define PRELOAD_MODULE_LOADER_H

#include <elf.h>
#include <stdbool.h>
#include <stdint.h>

/* An object file as the loader knows it. */
struct loader_module {
	uint64_t start, end;   /* what was asked about lies there: all of it, or one segment */
	uint64_t eh_frame_hdr; /* 0 = none */
	const void *link_map;  /* identifies one loading of it; NULL = never unloaded */
	const char *path;      /* as long as it is loaded */
	uint64_t bias;
};

/**
 * module_loader_init() - find the loader's function; where it has none, list what is loaded now.
 */
void module_loader_init(void);

/**
 * module_loader_find() - the object file at an address.
 */
bool module_loader_find(uint64_t pc, struct loader_module *out);

/**
 * module_loader_headers() - its program headers.
 * @count: set to their number.
 *
 * Return: NULL = not in memory, or not where they should be.
 */
const Elf64_Phdr *module_loader_headers(const struct loader_module *module, unsigned *count);

/**
 * module_loader_is_loaded() - whether that very loading of it is still there.
 */
bool module_loader_is_loaded(const struct loader_module *module);

/**
 * module_loader_is_main() - whether it is the executable.
 */
bool module_loader_is_main(const struct loader_module *module);

#endif
