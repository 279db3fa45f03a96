/* SPDX-License-Identifier: Apache-2.0 */
/*
 * bad_pointer.c - frees and reallocs of what malloc has never handed out.
 */
#include <malloc.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "misuse.h"

static char global[64] __attribute__((aligned(16)));

static void free_stack(void)
{
	char local[64] __attribute__((aligned(16))) = {0};

	free(hide(local + 16));
}

static void free_global(void)
{
	free(hide(global + 16));
}

static void free_text(void)
{
	free(hide("a text of the program's own"));
}

static void free_code(void)
{
	free(hide((const void *)(uintptr_t)free_code));
}

static void free_all_ones(void)
{
	free(hide((const void *)UINTPTR_MAX));
}

static void free_minus_16(void)
{
	free(hide((const void *)(UINTPTR_MAX - 15)));
}

static void free_one(void)
{
	free(hide((const void *)(uintptr_t)1));
}

static void free_16(void)
{
	free(hide((const void *)(uintptr_t)16));
}

static void free_low_page(void)
{
	free(hide((const void *)(uintptr_t)0x10010));
}

static void free_not_canonical(void)
{
	free(hide((const void *)(uintptr_t)0x8000000000000010));
}

static void free_beyond_user_space(void)
{
	free(hide((const void *)(uintptr_t)0x7ffffffffff0));
}

static void free_inside(void)
{
	free(hide(filled(100, 'a') + 16));
}

static void free_inside_unaligned(void)
{
	free(hide(filled(100, 'a') + 1));
}

static void free_inside_zeros(void)
{
	free(hide((char *)calloc(1, 4000) + 2000));
}

static void free_inside_mapped(void)
{
	free(hide(filled((size_t)1 << 20, 'a') + 4096));
}

static void free_inside_false_chunk(void)
{
	char *block = filled(400, 0);

	((size_t *)(void *)block)[3] = 0x41; /* looks like a chunk's size */
	((size_t *)(void *)block)[11] = 0x21;
	free(hide(block + 32));
	say("%d", filled(0x38, 'b') == block + 32);
}

static void free_one_past(void)
{
	char *block = filled(104, 'a');

	free(hide(block + 104));
}

static void free_before(void)
{
	free(hide(filled(100, 'a') - 16));
}

static void free_own_mapping(void)
{
	char *page = mmap(NULL, 8192, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	free(hide(page + 16));
}

static void free_own_break(void)
{
	free(hide((char *)sbrk(4096) + 64));
}

static void free_inaccessible(void)
{
	free(hide(mmap(NULL, 8192, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0)));
}

static void free_environment(void)
{
	free(hide(getenv("PATH")));
}

static void realloc_inside(void)
{
	say("%p", realloc(hide(filled(100, 'a') + 16), 50));
}

static void realloc_stack(void)
{
	char local[64] __attribute__((aligned(16))) = {0};

	say("%p", realloc(hide(local + 16), 50));
}

static void realloc_global(void)
{
	say("%p", realloc(hide(global + 16), 50));
}

static void realloc_freed(void)
{
	char *block = filled(100, 'a');

	free(block);
	say("%d", realloc(hide(block), 90) != NULL);
}

static void realloc_freed_to_grow(void)
{
	char *block = filled(100, 'a');

	free(block);
	say("%d", realloc(hide(block), 9000) != NULL);
}

static void realloc_freed_mapped(void)
{
	char *block = filled((size_t)1 << 20, 'a');

	free(block);
	say("%d", realloc(hide(block), 9000) != NULL);
}

static void usable_size_of_freed(void)
{
	char *block = filled(100, 'a');

	free(block);
	say("%zu", malloc_usable_size(hide(block)));
}

static void usable_size_of_nothing(void)
{
	say("%zu", malloc_usable_size(hide(NULL)));
}

static void usable_size_of_global(void)
{
	say("%zu", malloc_usable_size(hide(global + 16)));
}

static void usable_size_of_inside(void)
{
	memset(global, 0, sizeof(global));
	say("%zu", malloc_usable_size(hide((char *)calloc(1, 200) + 64)));
}

const struct misuse_case bad_pointer_cases[] = {
	CASE(free_stack),
	CASE(free_global),
	CASE(free_text),
	CASE(free_code),
	CASE(free_all_ones),
	CASE(free_minus_16),
	CASE(free_one),
	CASE(free_16),
	CASE(free_low_page),
	CASE(free_not_canonical),
	CASE(free_beyond_user_space),
	CASE(free_inside),
	CASE(free_inside_unaligned),
	CASE(free_inside_zeros),
	CASE(free_inside_mapped),
	CASE(free_inside_false_chunk),
	CASE(free_one_past),
	CASE(free_before),
	CASE(free_own_mapping),
	CASE(free_own_break),
	CASE(free_inaccessible),
	CASE(free_environment),
	CASE(realloc_inside),
	CASE(realloc_stack),
	CASE(realloc_global),
	CASE(realloc_freed),
	CASE(realloc_freed_to_grow),
	CASE(realloc_freed_mapped),
	CASE(usable_size_of_freed),
	CASE(usable_size_of_nothing),
	CASE(usable_size_of_global),
	CASE(usable_size_of_inside),
	END,
};
