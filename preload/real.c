/* SPDX-License-Identifier: Apache-2.0 */
/*
 * real.c - finds the allocator behind us in line; a small pool serves what comes before it is found.
 *
 * RTLD_NEXT, never __libc_malloc: another allocator may be preloaded behind us. Only functions that every
 * libc has are looked up, because a lookup that fails allocates a message.
 */
#define _GNU_SOURCE
#include "real.h"

#include <dlfcn.h>
#include <link.h>
#include <string.h>
#include <sys/auxv.h>

#include "libc_compat.h"
#include "loader_object.h"
#include "memtrace/atomic.h"

struct real real;
char pool_memory[POOL_BYTES] __attribute__((aligned(POOL_ALIGNMENT_MAX)));

static size_t pool_used;

/* In front of each block of the pool. */
struct pool_block {
	size_t bytes;
	size_t pad; /* keeps blocks aligned to 16 */
};

void *pool_alloc(size_t bytes, size_t alignment)
{
	size_t old = mt_load_relaxed(&pool_used), start, end;
	struct pool_block *block;

	if (alignment < sizeof(struct pool_block))
		alignment = sizeof(struct pool_block);
	if (alignment > POOL_ALIGNMENT_MAX || (alignment & (alignment - 1)) != 0)
		return NULL;
	do {
		start = (old + sizeof(struct pool_block) + alignment - 1) & ~(alignment - 1);
		if (__builtin_add_overflow(start, bytes, &end) || end > POOL_BYTES)
			return NULL;
	} while (!mt_cas_relaxed(&pool_used, &old, end));
	block = (struct pool_block *)(void *)(pool_memory + start) - 1;
	block->bytes = bytes;
	return block + 1;
}

size_t pool_usable_size(const void *block)
{
	return ((const struct pool_block *)block - 1)->bytes;
}

static const struct {
	const char *name;
	size_t offset;
} real_functions[] = {
	{"calloc", offsetof(struct real, calloc)},
	{"realloc", offsetof(struct real, realloc)},
	{"free", offsetof(struct real, free)},
	{"posix_memalign", offsetof(struct real, posix_memalign)},
	{"aligned_alloc", offsetof(struct real, aligned_alloc)},
	{"memalign", offsetof(struct real, memalign)},
	{"valloc", offsetof(struct real, valloc)},
	{"pvalloc", offsetof(struct real, pvalloc)},
	{"malloc_usable_size", offsetof(struct real, usable_size)},
};

bool real_resolve(void)
{
	enum { IDLE, BUSY };
	static int state = IDLE;
	int expected = IDLE;
	void *first;

	if (mt_load_acquire(&real.malloc) != NULL) /* partner: the release below */
		return true;
	if (!mt_cas_acq_rel(&state, &expected, BUSY))
		return false;
	first = dlsym(RTLD_NEXT, "malloc");
	for (size_t i = 0; i < sizeof(real_functions) / sizeof(real_functions[0]); i++) {
		void *function = dlsym(RTLD_NEXT, real_functions[i].name);

		memcpy((char *)&real + real_functions[i].offset, &function, sizeof(function));
	}
	/* last, because it is what says that the others are there */
	mt_store_release((void **)(void *)&real.malloc, first);
	return first != NULL;
}

const char *real_path(void)
{
	const void *address = (const void *)(uintptr_t)real.malloc;
	struct loader_object object;
	Dl_info info;

	if (loader_object_find(address, &object))
		return object.link_map->l_name;
	return dladdr(address, &info) != 0 && info.dli_fname != NULL ? info.dli_fname : "";
}

/*
 * The file that holds an address; NULL = none. By the loader's record of it: a file may have several mappings with
 * nothing between them. dladdr1() goes through all symbols of the file, only to tell which file it is.
 */
static const struct link_map *real_file(const void *address)
{
	struct loader_object object;
	struct link_map *file = NULL;
	Dl_info info;

	if (loader_object_find(address, &object))
		return object.link_map;
	return dladdr1(address, &info, (void **)(void *)&file, RTLD_DL_LINKMAP) == 0 ? NULL : file;
}

static const struct link_map *real_program(void)
{
	return real_file((const void *)getauxval(AT_ENTRY));
}

/* The file whose definition of a symbol the program uses; NULL = none, or only its address is known. */
static const struct link_map *real_definer(const char *name)
{
	const void *used = dlsym(RTLD_DEFAULT, name);
	const struct link_map *file = used == NULL ? NULL : real_file(used);
	const ElfW(Sym) *symbol = NULL;
	Dl_info info;

	if (file == NULL || file != real_program())
		return file;
	/* a program that only takes malloc's address has an undefined symbol with a value */
	if (dladdr1(used, &info, (void **)(void *)&symbol, RTLD_DL_SYMENT) == 0 || symbol == NULL ||
	    symbol->st_shndx == SHN_UNDEF)
		return NULL;
	return file;
}

const char *real_bypass(void)
{
	const struct link_map *allocator = real_file((const void *)(uintptr_t)real.malloc);
	const struct link_map *used = real_definer("malloc");

	if (used != NULL && used == real_program())
		return "the program has a malloc of its own: its calls are not seen";
	if (used != NULL && used != real_file((const void *)(uintptr_t)real_bypass))
		return "another malloc stands in front of this one: what it keeps to itself is not "
		       "seen";
	/* libc has none, and a lookup that fails allocates */
	if (allocator != real_file((const void *)(uintptr_t)strlen) &&
	    allocator == real_definer("_Znwm"))
		return "an operator new of the allocator's own is not seen: preload "
		       "libstdc++.so.6 before it";
	return NULL;
}

static bool real_is_libc;

void real_note_libc(void)
{
	real_is_libc = real_file((const void *)(uintptr_t)real.malloc) ==
		       real_file((const void *)(uintptr_t)strlen);
}

/* In front of each block of glibc's lie the bytes from there to the next one, with three flags at their lower end. */
size_t real_claimed_size(void *block)
{
	const size_t is_mapped = 2, flags = 7;
	size_t size;

	if (!real_is_libc)
		return real.usable_size(block);
	memcpy(&size, (const char *)block - sizeof(size), sizeof(size));
	return (size & ~flags) - ((size & is_mapped) != 0 ? 2 : 1) * sizeof(size);
}
