/* SPDX-License-Identifier: Apache-2.0 */
/*
 * live_memory.c - runs of pages, cut from large mappings; free ones on a stack per use and length.
 *
 * A run keeps its length for ever: a late thread that still changes a hint of the stripe that was there finds hints
 * at the same place, and not entries, in whatever stripe is there now. The stacks are linked through cells of
 * their own, so that a free run's pages can all be given back, and carry a counter against ABA. A few free pages
 * are kept: whoever replaces stripe after stripe does not give back and fault in each time.
 */
#define _GNU_SOURCE
#include "live_memory.h"

#include <stddef.h>
#include <sys/mman.h>

#include "arena.h"
#include "memtrace/atomic.h"
#include "memtrace/live_layout.h"
#include "os.h"
#include "os_region.h"

#define LIVE_PAGE 4096u
#define LIVE_CHUNK_PAGES 256u /* of one mapping at first; then an eighth of what is mapped */
#define LIVE_CHUNK_PAGES_MAX 16384u
#define LIVE_KEPT_SHARE 32 /* one of so many pages in use may be kept beside them */
#define LIVE_KEPT_PAGES 16 /* so many always may */
#define LIVE_CELLS 64u	   /* made at a time */

struct live_cell {
	struct live_cell *next;
	void *run;
};

/* Eight slots, or while they are free the link to the next ones. */
union live_node {
	struct live_cell link;
	struct mt_pair slots[MT_LIVE_FAN];
};

/*
 * low: top cell, high: counts changes. Both are loaded with acquire, the count first: the partner is the swap that pushed
 * the cell, so that its run and its link are seen, and what was read of a cell that is gone since is thrown away.
 */
static struct mt_pair live_free[LIVE_USE_COUNT][LIVE_RUN_PAGES_MAX + 1]; /* pages given back */
static struct mt_pair live_kept[LIVE_USE_COUNT][LIVE_RUN_PAGES_MAX + 1]; /* pages still there */
static struct mt_pair live_spare_cells, live_free_nodes;
/* low: address of the chunk in use | 0, high: its pages << 32, and how many of them are taken */
static struct mt_pair live_chunk;
static int64_t live_mapped_pages, live_used_pages, live_kept_pages;

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

static uint32_t live_chunk_pages(void)
{
	int64_t pages = mt_load_relaxed(&live_mapped_pages) / 8;

	if (pages < LIVE_CHUNK_PAGES)
		return LIVE_CHUNK_PAGES;
	return pages < LIVE_CHUNK_PAGES_MAX ? (uint32_t)pages : LIVE_CHUNK_PAGES_MAX;
}

/* Puts a new chunk in the place of this one, of which so many pages are taken at once; NULL = no memory. */
static void *live_renew(struct mt_pair chunk, uint32_t taken_pages)
{
	uint32_t pages = live_chunk_pages();
	void *fresh = os_region_map((size_t)pages * LIVE_PAGE, NULL);

	if (fresh == NULL)
		return NULL;
	if (mt_cas_pair(&live_chunk, chunk,
			(struct mt_pair){(uint64_t)(uintptr_t)fresh,
					 (uint64_t)pages << 32 | taken_pages})) {
		(void)mt_add_relaxed(&live_mapped_pages, pages);
		return fresh;
	}
	os_region_give_back(fresh, (size_t)pages * LIVE_PAGE);
	return NULL;
}

static bool live_has_pages(struct mt_pair chunk, uint32_t pages)
{
	return (chunk.high & UINT32_MAX) + pages <= chunk.high >> 32;
}

void live_memory_prepare(void)
{
	struct mt_pair chunk = live_load(&live_chunk);

	if (!live_has_pages(chunk, LIVE_CHUNK_PAGES / 2))
		(void)live_renew(chunk, 0);
}

struct os_range live_memory_range(void)
{
	struct mt_pair chunk = live_load(&live_chunk);

	return (struct os_range){(char *)(uintptr_t)chunk.low,
				 (size_t)(chunk.high >> 32) * LIVE_PAGE};
}

void live_memory_forget(void)
{
	struct mt_pair chunk = live_load(&live_chunk), none = chunk;
	uint64_t taken = chunk.high & UINT32_MAX, pages = chunk.high >> 32;

	/* nobody may take of it meanwhile: there seems to be nothing left; who needs some makes a new one */
	none.high = pages << 32 | pages;
	if (taken >= pages || !mt_cas_pair(&live_chunk, chunk, none))
		return;
	(void)os_advise((char *)(uintptr_t)chunk.low + taken * LIVE_PAGE,
			(size_t)(pages - taken) * LIVE_PAGE, MADV_DONTNEED);
	(void)mt_cas_pair(&live_chunk, none, chunk);
}

/* Pages never used before. */
static void *live_cut(uint32_t pages)
{
	for (;;) {
		struct mt_pair chunk = live_load(&live_chunk);
		void *fresh;

		if (live_has_pages(chunk, pages)) {
			if (mt_cas_pair(&live_chunk, chunk,
					(struct mt_pair){chunk.low, chunk.high + pages}))
				return (char *)(uintptr_t)chunk.low +
				       (chunk.high & UINT32_MAX) * LIVE_PAGE;
			continue;
		}
		fresh = live_renew(chunk, pages);
		/* another thread may have been first: then there is a chunk to take from */
		if (fresh != NULL || live_load(&live_chunk).low == chunk.low)
			return fresh;
	}
}

static void live_give_back(void *run, uint32_t pages)
{
	(void)os_advise(run, (size_t)pages * LIVE_PAGE, MADV_DONTNEED);
}

static void *live_take(enum live_use use, uint32_t pages, bool *is_reused)
{
	struct live_cell *cell = live_pop(&live_kept[use][pages]);
	void *run;

	if (cell != NULL)
		(void)mt_add_relaxed(&live_kept_pages, -(int64_t)pages);
	else
		cell = live_pop(&live_free[use][pages]);
	*is_reused = cell != NULL;
	if (cell == NULL) {
		run = live_cut(pages);
	} else {
		run = cell->run;
		live_push(&live_spare_cells, cell);
	}
	if (run != NULL)
		(void)mt_add_relaxed(&live_used_pages, pages);
	return run;
}

void *live_memory_take(enum live_use use, uint32_t pages)
{
	bool is_reused;

	return live_take(use, pages, &is_reused);
}

void *live_memory_take_stripe(uint32_t pages, bool *is_reused)
{
	return live_take(LIVE_USE_STRIPE, pages, is_reused);
}

/* Gives a run's pages back to the system, if one of that length is kept. */
static bool live_trim_length(enum live_use use, uint32_t pages)
{
	struct live_cell *cell = live_pop(&live_kept[use][pages]);

	if (cell == NULL)
		return false;
	(void)mt_add_relaxed(&live_kept_pages, -(int64_t)pages);
	live_give_back(cell->run, pages);
	live_push(&live_free[use][pages], cell);
	return true;
}

static bool live_is_too_much_kept(void)
{
	int64_t kept = mt_load_relaxed(&live_kept_pages);

	return kept > LIVE_KEPT_PAGES && kept * LIVE_KEPT_SHARE > mt_load_relaxed(&live_used_pages);
}

static void live_trim(void)
{
	for (uint32_t use = 0; use < LIVE_USE_COUNT; use++)
		for (uint32_t pages = LIVE_RUN_PAGES_MAX; pages > 0; pages--)
			while (live_is_too_much_kept() &&
			       live_trim_length((enum live_use)use, pages))
				continue;
}

void live_memory_give(enum live_use use, void *run, uint32_t pages)
{
	struct live_cell *cell = live_cell_new();

	(void)mt_add_relaxed(&live_used_pages, -(int64_t)pages);
	if (cell == NULL) {
		live_give_back(run, pages); /* lost, but only addresses: its pages go */
		return;
	}
	cell->run = run;
	(void)mt_add_relaxed(&live_kept_pages, pages);
	live_push(&live_kept[use][pages], cell);
	if (live_is_too_much_kept())
		live_trim();
}

struct mt_pair *live_memory_new_node(void)
{
	union live_node *node = arena_alloc(sizeof(*node));

	return node == NULL ? NULL : node->slots;
}

struct mt_pair *live_memory_take_node(void)
{
	union live_node *node = (union live_node *)(void *)live_pop(&live_free_nodes);

	return node == NULL ? live_memory_new_node() : node->slots;
}

void live_memory_give_node(struct mt_pair *slots)
{
	live_push(&live_free_nodes, &((union live_node *)(void *)slots)->link);
}
