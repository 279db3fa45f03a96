/* SPDX-License-Identifier: Apache-2.0 */
/*
 * kinds.c - allocates, frees and counts blocks of each kind.
 */
#include "kinds.h"

#include "truth.h"

#include "memtrace/memtrace.h"

#define ADDRESS_FIRST ((uintptr_t)0x100000000000)
#define ADDRESS_STEP 16

__thread volatile sig_atomic_t kind_is_in_allocator;

#define DEFINE_SITE(name)                                                                          \
	static SITE void *site_##name(size_t bytes)                                                \
	{                                                                                          \
		void *block = malloc(bytes);                                                       \
                                                                                                   \
		KEEP_FRAME();                                                                      \
		return block;                                                                      \
	}

#define DEFINE_REPORT(name)                                                                        \
	static SITE void site_##name(uintptr_t address, size_t bytes)                              \
	{                                                                                          \
		memtrace_report_alloc((void *)address, bytes);                                     \
		KEEP_FRAME();                                                                      \
	}

DEFINE_SITE(worker)
DEFINE_SITE(handed)
DEFINE_SITE(short)
DEFINE_SITE(timer)
DEFINE_SITE(raised)
DEFINE_SITE(kept)
DEFINE_SITE(child)
DEFINE_SITE(child_thread)
DEFINE_SITE(image)
DEFINE_REPORT(pool)
DEFINE_REPORT(pool_timer)
DEFINE_REPORT(jumped)

static SITE void *site_resized(void *block, size_t bytes)
{
	block = realloc(block, bytes);
	KEEP_FRAME();
	return block;
}

static struct {
	struct truth counts;
	void *(*allocate)(size_t bytes);
	void (*report)(uintptr_t address, size_t bytes);
} kinds[KIND_COUNT] = {
	[KIND_WORKER] = {{.function = "site_worker"}, site_worker, NULL},
	[KIND_HANDED] = {{.function = "site_handed"}, site_handed, NULL},
	[KIND_RESIZED] = {{.function = "site_resized"}, NULL, NULL},
	[KIND_SHORT] = {{.function = "site_short"}, site_short, NULL},
	[KIND_TIMER] = {{.function = "site_timer"}, site_timer, NULL},
	[KIND_RAISED] = {{.function = "site_raised"}, site_raised, NULL},
	[KIND_POOL] = {{.function = "site_pool"}, NULL, site_pool},
	[KIND_POOL_TIMER] = {{.function = "site_pool_timer"}, NULL, site_pool_timer},
	[KIND_JUMPED] = {{.function = "site_jumped"}, NULL, site_jumped},
	[KIND_KEPT] = {{.function = "site_kept"}, site_kept, NULL},
	[KIND_CHILD] = {{.function = "site_child"}, site_child, NULL},
	[KIND_CHILD_THREAD] = {{.function = "site_child_thread"}, site_child_thread, NULL},
	[KIND_IMAGE] = {{.function = "site_image"}, site_image, NULL},
	[KIND_PLUGIN_A] = {{.function = "site_of_plugin_a"}, NULL, NULL},
	[KIND_PLUGIN_B] = {{.function = "site_of_plugin_b"}, NULL, NULL},
};

static void add(long *counter, long value)
{
	__atomic_fetch_add(counter, value, __ATOMIC_RELAXED);
}

void kind_add(enum kind kind, size_t bytes)
{
	struct truth *counts = &kinds[kind].counts;

	add(&counts->alloc_count, 1);
	add(&counts->alloc_bytes, (long)bytes);
	add(&counts->live_blocks, 1);
	add(&counts->live_bytes, (long)bytes);
}

void kind_subtract(enum kind kind, size_t bytes)
{
	struct truth *counts = &kinds[kind].counts;

	add(&counts->free_count, 1);
	add(&counts->freed_bytes, (long)bytes);
	add(&counts->live_blocks, -1);
	add(&counts->live_bytes, -(long)bytes);
}

void *kind_malloc(enum kind kind, size_t bytes)
{
	void *block;

	kind_is_in_allocator++;
	block = kinds[kind].allocate(bytes);
	kind_is_in_allocator--;
	truth_require(block != NULL, "memory");
	kind_add(kind, bytes);
	return block;
}

void kind_free(enum kind kind, void *block, size_t bytes)
{
	if (block == NULL)
		return;
	kind_is_in_allocator++;
	free(block);
	kind_is_in_allocator--;
	kind_subtract(kind, bytes);
}

void *kind_realloc(void *block, size_t old_bytes, size_t bytes)
{
	void *moved;

	kind_is_in_allocator++;
	moved = site_resized(block, bytes);
	kind_is_in_allocator--;
	truth_require(moved != NULL, "memory");
	if (block != NULL)
		kind_subtract(KIND_RESIZED, old_bytes);
	kind_add(KIND_RESIZED, bytes);
	return moved;
}

uintptr_t kind_next_address(void)
{
	static uintptr_t next = ADDRESS_FIRST;

	return __atomic_fetch_add(&next, ADDRESS_STEP, __ATOMIC_RELAXED);
}

void kind_report(enum kind kind, uintptr_t address, size_t bytes)
{
	kinds[kind].report(address, bytes);
	kind_add(kind, bytes);
}

void kind_report_free(enum kind kind, uintptr_t address, size_t bytes)
{
	memtrace_report_free((void *)address);
	kind_subtract(kind, bytes);
}

void kind_forget(uintptr_t address)
{
	memtrace_report_free((void *)address);
}

void kind_begin_child(void)
{
	for (size_t i = 0; i < KIND_COUNT; i++)
		truth_inherit(&kinds[i].counts);
}

void kind_tell(enum kind first, enum kind last)
{
	for (size_t i = first; i <= (size_t)last; i++)
		truth_tell(&kinds[i].counts);
}
