/* SPDX-License-Identifier: Apache-2.0 */
/*
 * live_memory.c - runs of 1, 2, 4 ... 32 pages, cut from large mappings; free ones on a stack per use and size.
 *
 * A run of 2^k pages may be used in part: pages nobody touches cost nothing. The stacks are linked through
 * cells of their own, so that a free run's pages can all be given back, and carry a counter against ABA.
 */
#define _GNU_SOURCE
#include "live_memory.h"

#include <stddef.h>
#include <sys/mman.h>

#include "arena.h"
#include "memtrace/atomic.h"
#include "os.h"

#define LIVE_PAGE 4096u
#define LIVE_CLASS_COUNT 6u
#define LIVE_CHUNK_PAGES 256u /* of one mapping */
#define LIVE_CELLS 64u	      /* made at a time */

struct live_cell {
	struct live_cell *next;
	void *run;
};

/* low: top cell, high: counts changes */
static struct mt_pair live_free[LIVE_USE_COUNT][LIVE_CLASS_COUNT];
static struct mt_pair live_spare_cells;
/* low: address of the chunk in use | 0, high: pages of it that are taken */
static struct mt_pair live_chunk;

static struct mt_pair live_load(const struct mt_pair *pair)
{
	struct mt_pair value;

	value.high = mt_load_acquire(&pair->high);
	value.low = mt_load_acquire(&pair->low);
	return value;
}

static void live_push(struct mt_pair *stack, struct live_cell *cell)
{
	struct mt_pair top;

	do {
		top = live_load(stack);
		mt_store_relaxed(&cell->next, (struct live_cell *)(uintptr_t)top.low);
	} while (!mt_cas_pair(stack, top,
			      (struct mt_pair){(uint64_t)(uintptr_t)cell, top.high + 1}));
}

static struct live_cell *live_pop(struct mt_pair *stack)
{
	struct mt_pair top;
	struct live_cell *cell;

	do {
		top = live_load(stack);
		cell = (struct live_cell *)(uintptr_t)top.low;
		if (cell == NULL)
			return NULL;
		/* another thread may have taken the cell: then the CAS fails; cells are never unmapped */
	} while (!mt_cas_pair(stack, top,
			      (struct mt_pair){(uint64_t)(uintptr_t)mt_load_relaxed(&cell->next),
					       top.high + 1}));
	return cell;
}

static struct live_cell *live_cell_new(void)
{
	struct live_cell *cells = live_pop(&live_spare_cells);

	if (cells != NULL)
		return cells;
	cells = arena_alloc(LIVE_CELLS * sizeof(*cells));
	for (uint32_t i = 1; cells != NULL && i < LIVE_CELLS; i++)
		live_push(&live_spare_cells, &cells[i]);
	return cells;
}

static uint32_t live_class(uint32_t pages)
{
	return pages <= 1 ? 0 : 32 - (uint32_t)__builtin_clz(pages - 1);
}

/* Pages never used before. */
static void *live_cut(uint32_t pages)
{
	for (;;) {
		struct mt_pair chunk = live_load(&live_chunk);
		void *fresh;

		if (chunk.low != 0 && chunk.high + pages <= LIVE_CHUNK_PAGES) {
			if (mt_cas_pair(&live_chunk, chunk,
					(struct mt_pair){chunk.low, chunk.high + pages}))
				return (char *)(uintptr_t)chunk.low + chunk.high * LIVE_PAGE;
			continue;
		}
		fresh = os_map((size_t)LIVE_CHUNK_PAGES * LIVE_PAGE);
		if (fresh == NULL)
			return NULL;
		if (mt_cas_pair(&live_chunk, chunk,
				(struct mt_pair){(uint64_t)(uintptr_t)fresh, pages}))
			return fresh;
		os_unmap(fresh, (size_t)LIVE_CHUNK_PAGES * LIVE_PAGE);
	}
}

void *live_memory_take(enum live_use use, uint32_t pages)
{
	uint32_t class = live_class(pages);
	struct live_cell *cell = live_pop(&live_free[use][class]);
	void *run;

	if (cell == NULL)
		return live_cut(1u << class);
	run = cell->run;
	live_push(&live_spare_cells, cell);
	return run;
}

void live_memory_give(enum live_use use, void *run, uint32_t pages)
{
	struct live_cell *cell = live_cell_new();

	(void)os_advise(run, (size_t)pages * LIVE_PAGE, MADV_DONTNEED);
	if (cell == NULL)
		return; /* lost, but only addresses: its pages have gone */
	cell->run = run;
	live_push(&live_free[use][live_class(pages)], cell);
}
