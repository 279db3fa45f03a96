/* SPDX-License-Identifier: Apache-2.0 */
/*
 * answer.c - finds the words for what the figures say.
 */
#include "render/answer.h"

#include <inttypes.h>
#include <string.h>

#include "base/size_text.h"
#include "render/number_text.h"

uint64_t snapshot_rss_bytes(const struct snapshot *snapshot)
{
	size_t i;

	if (snapshot->process.rss_bytes)
		return snapshot->process.rss_bytes;
	if (snapshot->header.kind == MT_KIND_SNAPSHOT)
		return 0;
	for (i = snapshot->timeline_count; i-- > 0;)
		if (snapshot->timeline[i].rss_bytes)
			return snapshot->timeline[i].rss_bytes;
	return 0;
}

/* Part of RSS's change that the heap does not explain, both of one sign, in percent. */
static unsigned int unexplained_percent(int64_t rss, int64_t heap)
{
	__int128 rest = (__int128)rss - heap;

	return (unsigned int)((rest * 200 + rss) / 2 / rss);
}

static void explain_rss(int64_t rss, int64_t heap, char *text, size_t bytes)
{
	if (rss > 0 && heap < 0)
		(void)snprintf(text, bytes, "none of the growth is live heap");
	else if (rss > 0 && heap <= rss)
		(void)snprintf(text, bytes, "%u%% of the growth is not live heap",
			       unexplained_percent(rss, heap));
	else if (rss > 0)
		(void)snprintf(text, bytes, "the heap grew into memory that was resident already");
	else if (heap < rss)
		(void)snprintf(text, bytes, "%u%% of what was freed is still resident",
			       unexplained_percent(heap, rss));
	else if (heap < 0)
		(void)snprintf(text, bytes, "more than the freed heap went back");
	else if (heap > 0)
		(void)snprintf(text, bytes, "the heap grew and RSS did not");
	else
		(void)snprintf(text, bytes, "the heap is as large as before");
}

static void answer_rss(const struct view *view, struct answer *answer)
{
	const struct snapshot *first = view->snapshots[0];
	const struct snapshot *last = view->snapshots[view->snapshot_count - 1];
	uint64_t before = snapshot_rss_bytes(first), after = snapshot_rss_bytes(last);
	int64_t rss = (int64_t)(after - before);
	int64_t heap = last->totals[MT_TOTAL_LIVE_BYTES] - first->totals[MT_TOTAL_LIVE_BYTES];
	char reason[96];

	if (!before || !after)
		return;
	explain_rss(rss, heap, reason, sizeof(reason));
	(void)snprintf(answer->rss, sizeof(answer->rss), "RSS %s, live heap %s: %s",
		       size_text_signed(rss).text, size_text_signed(heap).text, reason);
}

/* ", 97% of it from 1 of 312 sites" */
static void append_concentration(const struct view *view, bool is_decrease, char *text,
				 size_t bytes)
{
	const struct row_set *rows = view->rows;
	struct concentration part = row_set_concentration(rows, view->sort, is_decrease);
	size_t used = strlen(text);
	char what[64] = "it";

	if (rows->is_cumulative || part.row_count == 0)
		return;
	if (strcmp(view->sort->name, "live_bytes") != 0)
		(void)snprintf(what, sizeof(what), "%s", view->sort->name);
	(void)snprintf(text + used, bytes - used, ", %u%% of %s from %zu of %s %s", part.percent,
		       what, part.row_count, number_text((int64_t)rows->count).text,
		       group_name(rows->by, rows->count));
}

static void answer_report(const struct view *view, char *text, size_t bytes)
{
	const struct counters *total = &view->rows->total.counters;

	(void)snprintf(text, bytes, "%s live in %s %s", size_text(total->live_bytes).text,
		       number_text(total->live_blocks).text,
		       total->live_blocks == 1 ? "block" : "blocks");
	append_concentration(view, false, text, bytes);
}

/* When the blocks of a list of live blocks were alive. */
static const char *moment_of(const struct view *view)
{
	enum snapshot_state state = view->snapshots[0]->state;

	if (state == SNAPSHOT_EXITED)
		return "at exit";
	if (state == SNAPSHOT_EXECED)
		return "at exec";
	if (view->snapshots[0]->header.kind == MT_KIND_SNAPSHOT)
		return "at the snapshot";
	return state == SNAPSHOT_KILLED ? "when the process was killed" : "now";
}

static void answer_leaks(const struct view *view, char *text, size_t bytes)
{
	const struct counters *total = &view->rows->total.counters;

	if (total->live_blocks == 0) {
		(void)snprintf(text, bytes, "no blocks alive %s", moment_of(view));
		return;
	}
	(void)snprintf(text, bytes, "%s %s alive %s: %s", number_text(total->live_blocks).text,
		       total->live_blocks == 1 ? "block" : "blocks", moment_of(view),
		       size_text(total->live_bytes).text);
	append_concentration(view, false, text, bytes);
}

static void answer_diff(const struct view *view, char *text, size_t bytes)
{
	const struct row_set *rows = view->rows;
	int64_t change = field_delta(field_by_name("live_bytes"), &rows->series[0], &rows->total);
	struct concentration opposite;

	(void)snprintf(text, bytes, "%s live", size_text_signed(change).text);
	append_concentration(view, change < 0, text, bytes);
	opposite = row_set_concentration(rows, view->sort, change >= 0);
	if (opposite.row_count > 0 && !rows->is_cumulative)
		(void)snprintf(text + strlen(text), bytes - strlen(text), "; others %s",
			       change < 0 ? "grew" : "shrank");
}

void answer_of(const struct view *view, struct answer *answer)
{
	static void (*const answers[])(const struct view *, char *, size_t) = {
		[VIEW_REPORT] = answer_report,
		[VIEW_DIFF] = answer_diff,
		[VIEW_LEAKS] = answer_leaks,
	};

	*answer = (struct answer){0};
	if (view->kind == VIEW_DIFF)
		answer_rss(view, answer);
	answers[view->kind](view, answer->main, sizeof(answer->main));
	if (view->rows->is_filtered)
		(void)snprintf(answer->main + strlen(answer->main),
			       sizeof(answer->main) - strlen(answer->main),
			       " (of what the filters let pass)");
}
