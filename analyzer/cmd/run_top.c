/* SPDX-License-Identifier: Apache-2.0 */
/*
 * run_top.c - the few call stacks that held most, one line each.
 */
#include "cmd/run_top.h"

#include "base/size_text.h"
#include "model/row.h"
#include "model/stack.h"
#include "model/symbolize.h"
#include "model/wrappers.h"
#include "render/place_text.h"

#define TOP_COUNT 3

struct top {
	const struct site *sites[TOP_COUNT]; /* largest first; NULL = fewer */
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

static void choose(struct top *top, const struct snapshot *snapshot)
{
	for (size_t i = 0; i < snapshot->site_count; i++) {
		const struct site *site = &snapshot->sites[i];

		for (size_t place = 0; place < TOP_COUNT && site != NULL; place++) {
			const struct site *there = top->sites[place];

			if (there != NULL && !is_larger(site, there))
				continue;
			top->sites[place] = site;
			site = there;
		}
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

static void print_site(const struct top *top, const struct snapshot *snapshot,
		       const struct site *site, FILE *out)
{
	const struct row row = {.snapshot = snapshot, .node = site->node};
	const struct counters *counters = &site->counters;
	struct stack stack = {.count = 0};

	if (stack_read(top->reader, snapshot, site->node, &stack) == 0 && stack.count > 0) {
		(void)fprintf(out, "  %-12s%s at the peak, %s at exit, ", "site",
			      size_text(counters->at_peak_live_bytes).text,
			      size_text(counters->live_bytes).text);
		place_put_frame(out, &row, stack.frames[0]);
		(void)fputc('\n', out);
	}
	stack_fini(&stack);
}

void run_top_print(const struct snapshot *snapshot, FILE *out)
{
	struct top top = {.symbolizer = NULL};

	choose(&top, snapshot);
	if (prepare(&top) == 0)
		for (size_t i = 0; i < TOP_COUNT && top.sites[i] != NULL; i++)
			print_site(&top, snapshot, top.sites[i], out);
	stack_reader_free(top.reader);
	wrappers_free(top.wrappers);
	symbolizer_free(top.symbolizer);
}
