/* SPDX-License-Identifier: Apache-2.0 */
/*
 * fuzz_cfi.c - walks a made-up stack through made-up unwind tables.
 *
 * Input: 2 bytes offset of the interrupted instruction, 2 bytes that choose registers and the stack's
 * contents, then an .eh_frame_hdr with what follows it. The same bytes serve as code. Everything lies in
 * blocks of exact size, so that AddressSanitizer sees each read outside of them.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "module_table.h"
#include "os.h"
#include "os_region.h"
#include "unwind.h"

#define HEAD_BYTES 4
#define STACK_WORDS 512
#define FRAME_MAX 200

static struct module_info module;

uint32_t module_table_is_stale;
uint32_t module_table_generation_count;

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t bytes);

/* In place of module_table.c: the one module of this input. */
bool module_table_find(uint64_t pc, struct module_info *info)
{
	if (pc < module.start || pc >= module.end)
		return false;
	*info = module;
	return true;
}

void module_table_refresh(void)
{
}

void module_table_init(void)
{
}

/* In place of os.c and os_region.c: nothing but the image may be read that is not known to be the stack. */
bool os_is_readable(const void *address, size_t bytes)
{
	uint64_t start = (uint64_t)(uintptr_t)address;

	return start >= module.start && start < module.end && module.end - start >= bytes;
}

void *os_region_map(size_t bytes, bool *is_wiped)
{
	void *pages = aligned_alloc(4096, bytes);

	(void)is_wiped;
	if (pages)
		memset(pages, 0, bytes);
	return pages;
}

void os_populate(void *address, size_t bytes)
{
	(void)address;
	(void)bytes;
}

void os_region_give_back(void *address, size_t bytes)
{
	(void)bytes;
	free(address);
}

static uint64_t place_image(const uint8_t *image, size_t bytes)
{
	void *copy = NULL;

	if (posix_memalign(&copy, 4096, bytes) != 0)
		abort();
	memcpy(copy, image, bytes);
	return (uint64_t)(uintptr_t)copy;
}

static void describe_module(uint64_t start, size_t bytes)
{
	module = (struct module_info){
		.start = start,
		.end = start + bytes,
		.bias = start,
		.text_start = start,
		.text_end = start + bytes,
		.data_start = start,
		.data_end = start + bytes,
		.eh_frame_hdr = start,
	};
}

/* Words that point into the code, into the stack, or nowhere. */
static void fill_stack(uint64_t *stack, size_t image_bytes, uint32_t random)
{
	unsigned i;

	for (i = 0; i < STACK_WORDS; i++) {
		random = random * 1664525u + 1013904223u;
		switch (random >> 30) {
		case 0:
			stack[i] = (uint64_t)(uintptr_t)&stack[(random >> 8) % STACK_WORDS];
			break;
		case 1:
			stack[i] = random;
			break;
		default:
			stack[i] = module.start + (random >> 8) % image_bytes;
			break;
		}
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t bytes)
{
	uint64_t *stack = malloc(STACK_WORDS * sizeof(*stack));
	struct unwind_bounds bounds;
	struct unwind_cursor cursor;
	struct unwind_regs regs;
	uint16_t offset, choice;
	size_t image_bytes;
	unsigned i;

	if (bytes <= HEAD_BYTES || !stack) {
		free(stack);
		return 0;
	}
	image_bytes = bytes - HEAD_BYTES;
	memcpy(&offset, data, 2);
	memcpy(&choice, data + 2, 2);
	describe_module(place_image(data + HEAD_BYTES, image_bytes), image_bytes);
	fill_stack(stack, image_bytes, choice);
	bounds.low = (uint64_t)(uintptr_t)stack;
	bounds.high = (uint64_t)(uintptr_t)(stack + STACK_WORDS);
	regs = (struct unwind_regs){
		.ip = module.start + offset,
		.sp = bounds.low + choice % 1024u * 4u,
		.bp = bounds.low + choice / 1024u * 64u,
		.bx = stack[0],
		.r12 = stack[1],
		.r13 = stack[2],
		.r14 = stack[3],
		.r15 = stack[4],
	};
	module_table_generation_count++;
	unwind_begin(&cursor, &regs, &bounds);
	for (i = 0; i < FRAME_MAX && unwind_next(&cursor) == UNWIND_FRAME; i++)
		continue;
	free((void *)(uintptr_t)module.start);
	free(stack);
	return 0;
}
