/* SPDX-License-Identifier: Apache-2.0 */
/*
 * aligned.c - alignments that are none, and operators new and delete that do not fit each other.
 */
#include <dlfcn.h>
#include <errno.h>
#include <malloc.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "misuse.h"

static void bad_posix_memalign(void)
{
	static const size_t alignments[] = {0, 1, 3, 4, 7, 12, 24, 100, (size_t)-1, SIZE_MAX / 2};

	for (size_t i = 0; i < sizeof(alignments) / sizeof(alignments[0]); i++) {
		void *block = (void *)alignments;
		int status = posix_memalign(&block, alignments[i], 100);

		say("%zx: %d, unchanged %d, errno %d", alignments[i], status,
		    block == (void *)alignments, errno);
	}
}

static void huge_posix_memalign(void)
{
	void *block = NULL;

	say("%d %d", posix_memalign(&block, (size_t)1 << 62, 100), block == NULL);
	say("%d %d", posix_memalign(&block, 64, (size_t)-100), block == NULL);
}

static void bad_aligned_alloc(void)
{
	static const size_t alignments[] = {0, 1, 3, 7, 24, 100, (size_t)1 << 62, (size_t)-1};

	for (size_t i = 0; i < sizeof(alignments) / sizeof(alignments[0]); i++) {
		char *block = hide(aligned_alloc(alignments[i], 100));

		say("%zx: %d, errno %d", alignments[i], block != NULL, errno);
		errno = 0;
	}
}

static void bad_memalign(void)
{
	static const size_t alignments[] = {0, 1, 3, 7, 24, 100, (size_t)1 << 62, (size_t)-1};

	for (size_t i = 0; i < sizeof(alignments) / sizeof(alignments[0]); i++) {
		uintptr_t block = (uintptr_t)hide(memalign(alignments[i], 100));

		say("%zx: %d, errno %d, %d", alignments[i], block != 0, errno, (int)(block & 15));
		errno = 0;
	}
}

static void size_no_multiple_of_alignment(void)
{
	char *block = hide(aligned_alloc(256, 100));

	say("%d %zu", (int)((uintptr_t)block & 255), malloc_usable_size(block));
	free(block);
}

static void realloc_of_aligned(void)
{
	char *block = hide(aligned_alloc(4096, 4096));

	memset(block, 'a', 4096);
	block = hide(realloc(block, 9000));
	say("%c", block[4095]);
	free(block);
}

static void overflow_of_aligned(void)
{
	char *block = hide(aligned_alloc(256, 256)), *guard = filled(24, 'g');

	memset(block, 'x', 300);
	free(block);
	free(guard);
}

typedef void *new_function(size_t bytes);
typedef void delete_function(void *block);

static void *operator_of(const char *name)
{
	static void *library;

	if (library == NULL)
		library = dlopen("libstdc++.so.6", RTLD_NOW);
	return library == NULL ? NULL : dlsym(library, name);
}

static void mixed(const char *new_name, const char *delete_name)
{
	new_function *take = (new_function *)operator_of(new_name);
	delete_function *give = (delete_function *)operator_of(delete_name);
	char *block;

	if (take == NULL || give == NULL)
		return;
	block = take(100);
	memset(hide(block), 'a', 100);
	give(hide(block));
}

static void new_and_array_delete(void)
{
	mixed("_Znwm", "_ZdaPv");
}

static void array_new_and_delete(void)
{
	mixed("_Znam", "_ZdlPv");
}

static void malloc_and_delete(void)
{
	delete_function *give = (delete_function *)operator_of("_ZdlPv");

	if (give != NULL)
		give(filled(100, 'a'));
}

static void new_and_free(void)
{
	new_function *take = (new_function *)operator_of("_Znwm");

	if (take != NULL)
		free(hide(take(100)));
}

static void delete_twice(void)
{
	new_function *take = (new_function *)operator_of("_Znwm");
	delete_function *give = (delete_function *)operator_of("_ZdlPv");
	void *block;

	if (take == NULL || give == NULL)
		return;
	block = take(100);
	give(hide(block));
	give(hide(block));
}

/* Throws what nobody catches. */
static void new_of_too_much(void)
{
	new_function *take = (new_function *)operator_of("_Znwm");

	if (take != NULL)
		(void)take((size_t)-100);
}

const struct misuse_case aligned_cases[] = {
	CASE(bad_posix_memalign),
	CASE(huge_posix_memalign),
	CASE(bad_aligned_alloc),
	CASE(bad_memalign),
	CASE(size_no_multiple_of_alignment),
	CASE(realloc_of_aligned),
	CASE(overflow_of_aligned),
	CASE(new_and_array_delete),
	CASE(array_new_and_delete),
	CASE(malloc_and_delete),
	CASE(new_and_free),
	CASE(delete_twice),
	CASE(new_of_too_much),
	END,
};
