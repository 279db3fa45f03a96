/* SPDX-License-Identifier: Apache-2.0 */
/*
 * run_top.c - the few places that held most, one line each.
 */
#include "cmd/run_top.h"

#include <stdlib.h>

#include "base/size_text.h"
#include "model/row.h"
#include "model/stack.h"
#include "model/symbolize.h"
#include "model/wrappers.h"
#include "render/place_text.h"

#define TOP_COUNT 3
#define CANDIDATE_COUNT 64 /* sites that are looked at; several of them may be one place */

/* What one place in the program had, over its call stacks among the candidates. */
struct place {
	const struct frame *frame; /* NULL = none */
	const struct site *site;   /* the largest of them */
	int64_t at_peak_bytes, live_bytes;
	size_t site_count;
};

struct top {
	const struct snapshot *snapshot;
	const struct site *sites[CANDIDATE_COUNT]; /* largest first; NULL = fewer */
	struct place places[CANDIDATE_COUNT];
	size_t place_count;
	struct symbolizer *symbolizer;
	struct wrappers *wrappers;
	struct stack_reader *reader;
};

static bool is_larger(const struct site *a, const struct site *b)
{
	if (a->counters.at_peak_live_bytes != b->counters.at_peak_live_bytes)
		return a->counters.at_peak_live_bytes > b->counters.at_peak_live_bytes;
	return a->counters.alloc_bytes > b->counters.alloc_bytes;
}

static void choose_site(struct top *top, const struct site *site)
{
	for (size_t i = 0; i < CANDIDATE_COUNT && site != NULL; i++) {
		const struct site *there = top->sites[i];

		if (there != NULL && !is_larger(site, there))
			continue;
		top->sites[i] = site;
		site = there;
	}
}

static int prepare(struct top *top)
{
	const struct symbolize_options options = {.sysroot = NULL};
	struct error error;
	int ret = symbolizer_new(&options, &top->symbolizer, &error);

	if (ret == 0)
		ret = wrappers_new(NULL, &top->wrappers, &error);
	if (ret == 0)
		ret = stack_reader_new(top->symbolizer, top->wrappers, &top->reader);
	return ret;
}

/* Equal texts are the same pointer; code without a symbol is told by its address. */
static bool is_same_place(const struct frame *a, const struct frame *b)
{
	if (a->function == NULL || a->file == NULL)
		return a->module == b->module && a->offset == b->offset;
	return a->function == b->function && a->file == b->file && a->line == b->line;
}

static void add_site(struct top *top, const struct site *site)
{
	struct stack stack = {.count = 0};
	struct place *place = top->places;

	if (stack_read(top->reader, top->snapshot, site->node, &stack) != 0 || stack.count == 0)
		goto out;
	while (place < top->places + top->place_count &&
	       !is_same_place(place->frame, stack.frames[0]))
		place++;
	if (place->frame == NULL) {
		place->frame = stack.frames[0];
		place->site = site;
		top->place_count++;
	}
	place->at_peak_bytes += site->counters.at_peak_live_bytes;
	place->live_bytes += site->counters.live_bytes;
	place->site_count++;
out:
	stack_fini(&stack);
}

static int by_size(const void *a, const void *b)
{
	const struct place *x = a, *y = b;

	if (x->at_peak_bytes != y->at_peak_bytes)
		return x->at_peak_bytes > y->at_peak_bytes ? -1 : 1;
	return x->site->node < y->site->node ? -1 : 1;
}

static void print_place(const struct top *top, const struct place *place, FILE *out)
{
	const struct row row = {.snapshot = top->snapshot, .node = place->site->node};

	(void)fprintf(out, "  %-12s%s at the peak, %s at exit: ", "most",
		      size_text(place->at_peak_bytes).text, size_text(place->live_bytes).text);
	place_put_frame(out, &row, place->frame);
	if (place->site_count > 1)
		(void)fprintf(out, " (%zu call stacks)", place->site_count);
	(void)fputc('\n', out);
}

void run_top_print(const struct snapshot *snapshot, FILE *out)
{
	struct top top = {.snapshot = snapshot};

	for (size_t i = 0; i < snapshot->site_count; i++)
		choose_site(&top, &snapshot->sites[i]);
	if (prepare(&top) == 0)
		for (size_t i = 0; i < CANDIDATE_COUNT && top.sites[i] != NULL; i++)
			add_site(&top, top.sites[i]);
	qsort(top.places, top.place_count, sizeof(top.places[0]), by_size);
	for (size_t i = 0; i < TOP_COUNT && i < top.place_count; i++)
		print_place(&top, &top.places[i], out);
	stack_reader_free(top.reader);
	wrappers_free(top.wrappers);
	symbolizer_free(top.symbolizer);
}
