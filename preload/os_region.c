/* SPDX-License-Identifier: Apache-2.0 */
/*
 * os_region.c - mappings that stay until the end of the process, one right behind the other.
 */
#define _GNU_SOURCE
#include "os_region.h"

#include <stdint.h>
#include <sys/mman.h>

#include "hidden.h"
#include "memtrace/atomic.h"
#include "os.h"
#include "os_call.h"
#include "os_lock.h"

#define REGION_PAGE ((size_t)4096)
#define REGION_DISTANCE ((uintptr_t)64 << 30)

enum region_kind { REGION_KEPT, REGION_WIPED, REGION_FILE, REGION_COUNT };

/* Of each kind: where the next mapping begins, which is an inaccessible page now. NULL = nothing there yet. */
static char *region_ends[REGION_COUNT];

/* Inaccessible pages at just that place. */
static bool region_take(char *place, size_t bytes)
{
	char *taken = os_choose(place, bytes);

	if (taken != NULL && taken != place)
		(void)CALL2(SYS_munmap, taken, bytes);
	if (taken == place && mt_load_relaxed(&os_is_locking))
		os_unlock(place, bytes);
	return taken == place;
}

/* The first pages of a region: far from what the system chooses, so that there is room behind them. */
static char *region_begin(enum region_kind kind, size_t bytes)
{
	char *nearby = os_choose(NULL, REGION_PAGE), *place;

	if (nearby == NULL)
		return NULL;
	(void)CALL2(SYS_munmap, nearby, REGION_PAGE);
	if ((uintptr_t)nearby <= (REGION_COUNT + 1) * REGION_DISTANCE)
		return NULL;
	place = nearby - (kind + 1) * REGION_DISTANCE;
	return region_take(place, bytes + 2 * REGION_PAGE) ? place + REGION_PAGE : NULL;
}

/*
 * An inaccessible range for a mapping of that kind; NULL = none. What surrounds it is inaccessible or ours.
 *
 * Of threads that have read the same end only one gets the pages behind it, and then moves the end. The others, and who
 * finds something of the program's there, get a place elsewhere. Two threads may begin a region: one of these
 * then stays as it is.
 */
static char *region_reserve(enum region_kind kind, size_t bytes)
{
	char *end = mt_load_acquire(&region_ends[kind]), *place = NULL;

	/* the page at the end becomes the first of the new ones, and the last of these is the end */
	if (end == NULL)
		place = region_begin(kind, bytes);
	else if (region_take(end + REGION_PAGE, bytes))
		place = end;
	if (place == NULL)
		return os_reserve(bytes);
	mt_store_release(&region_ends[kind], place + bytes);
	return place;
}

void *os_region_map(size_t bytes, bool *is_wiped)
{
	char *place = region_reserve(is_wiped == NULL ? REGION_KEPT : REGION_WIPED, bytes);

	if (place == NULL)
		return NULL;
	if (os_map_into(place, bytes, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0) < 0) {
		os_region_give_back(place, bytes);
		return NULL;
	}
	if (is_wiped != NULL)
		*is_wiped = os_wipe_in_children(place, bytes);
	return place;
}

/* Puts the mapping at `from` in a place of its region; NULL on failure. */
static char *region_move(char *from, size_t bytes)
{
	char *place = region_reserve(REGION_FILE, bytes);

	if (place == NULL)
		return NULL;
	if (CALL5(SYS_mremap, from, bytes, bytes, MREMAP_MAYMOVE | MREMAP_FIXED, place) < 0) {
		os_region_give_back(place, bytes);
		return NULL;
	}
	return place;
}

void *os_region_map_file(void *page, size_t delta, size_t bytes)
{
	char *range = os_reserve(delta + bytes), *place;

	if (range == NULL)
		return NULL;
	/* old size 0 duplicates a shared mapping from that page on; the new size may reach past its end */
	if (CALL5(SYS_mremap, page, 0, delta + bytes, MREMAP_MAYMOVE | MREMAP_FIXED, range) < 0) {
		os_unmap(range, delta + bytes);
		return NULL;
	}
	place = region_move(range + delta, bytes);
	if (place == NULL) {
		os_unmap(range, delta + bytes);
		return NULL;
	}
	/* not what has moved away: something else may be there by now */
	(void)CALL2(SYS_munmap, range - REGION_PAGE, delta + REGION_PAGE);
	(void)CALL2(SYS_munmap, range + delta + bytes, REGION_PAGE);
	(void)os_advise(place, bytes, MADV_DONTDUMP);
	return place;
}

void os_region_give_back(void *start, size_t bytes)
{
	(void)CALL6(SYS_mmap, start, bytes, PROT_NONE,
		    MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | MAP_FIXED, -1, 0);
}
