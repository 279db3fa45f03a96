/* SPDX-License-Identifier: Apache-2.0 */
/*
 * module_image.h - reads the program headers and the build ID of a mapped object file.
 */
#ifndef PRELOAD_MODULE_IMAGE_H
#define PRELOAD_MODULE_IMAGE_H

#include <elf.h>
#include <stdbool.h>
#include <stdint.h>

#include "memtrace/format.h"

/* All addresses are those of this process. */
struct module_image {
	uint64_t start, end; /* lowest to highest mapped page */
	uint64_t bias;
	uint64_t text_start, text_end; /* smallest range around the executable segments */
	uint64_t data_start, data_end; /* readable segment that holds eh_frame_hdr; empty = none */
	uint64_t eh_frame_hdr;	       /* 0 = none */
	uint32_t build_id_bytes;       /* 0 = none */
	uint8_t build_id[MT_BUILD_ID_MAX];
};

/**
 * module_image_read() - describe what program headers describe.
 * @headers: in memory, count of them.
 * @bias: run-time address - link-time address.
 *
 * Return: false = nothing is loaded by them.
 */
bool module_image_read(const Elf64_Phdr *headers, unsigned count, uint64_t bias,
		       struct module_image *out);

/**
 * module_image_headers() - program headers of the object file whose first page is mapped at start.
 * @count: set to their number.
 *
 * Return: NULL = there is no ELF header, or they lie behind its first page.
 */
const Elf64_Phdr *module_image_headers(uint64_t start, unsigned *count);

#endif
