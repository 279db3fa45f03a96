/* SPDX-License-Identifier: Apache-2.0 */
/*
 * answer.c - finds the words for what the figures say.
 */
#include "render/answer.h"

#include <inttypes.h>
#include <stdarg.h>
#include <string.h>

#include "base/size_text.h"
#include "base/wrap.h"
#include "render/number_text.h"
#include "render/sampling.h"

/* With less than this in the largest rows there is no point in counting them. */
#define SPREAD_PERCENT 10

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
	int64_t heap = wrap_subtract(last->totals[MT_TOTAL_LIVE_BYTES],
				     first->totals[MT_TOTAL_LIVE_BYTES]);
	char reason[96];

	if (!before || !after)
		return;
	explain_rss(rss, heap, reason, sizeof(reason));
	(void)snprintf(answer->rss, sizeof(answer->rss), "RSS %s, live heap %s: %s",
		       size_text_signed(rss).text, size_text_signed(heap).text, reason);
}

__attribute__((format(printf, 3, 4))) static void append(char *text, size_t bytes,
							 const char *format, ...)
{
	size_t used = strlen(text);
	va_list arguments;

	va_start(arguments, format);
	(void)vsnprintf(text + used, bytes - used, format, arguments);
	va_end(arguments);
}

/* What a share of a column is a share of. Columns that are not here are not shared out. */
static const struct noun {
	const char *field, *text;
	bool is_lead; /* a report begins with the sum of it */
} nouns[] = {
	{"live_bytes", "live bytes", true},
	{"live_blocks", "live blocks", false},
	{"alloc_bytes", "bytes allocated", true},
	{"alloc_count", "allocations", false},
	{"freed_bytes", "bytes freed", true},
	{"free_count", "frees", false},
	{"at_peak_live_bytes", "bytes live at the peak", true},
	{"temporary_count", "temporary blocks", false},
	{"realloc_count", "reallocs", false},
	{"inherited_blocks", "inherited blocks", false},
	{"inherited_bytes", "inherited bytes", false},
};

static const struct noun *noun_of(const struct field *field)
{
	size_t i;

	for (i = 0; i < sizeof(nouns) / sizeof(nouns[0]); i++)
		if (strcmp(nouns[i].field, field->name) == 0)
			return &nouns[i];
	return NULL;
}

/* ", 97% of it from 1 of 312 sites" */
static void append_concentration(const struct view *view, const char *what, bool is_decrease,
				 char *text, size_t bytes)
{
	const struct row_set *rows = view->rows;
	struct concentration part = row_set_concentration(rows, view->sort, is_decrease);
	const struct noun *noun = noun_of(view->sort);

	/* shares of inclusive rows overlap */
	if (rows->is_cumulative || part.row_count == 0 || !noun)
		return;
	if (part.percent < SPREAD_PERCENT) {
		append(text, bytes, ", spread over %s %s", number_text((int64_t)rows->count).text,
		       group_name(rows->by, rows->count));
		return;
	}
	if (strcmp(view->sort->name, "live_bytes") == 0 ||
	    (view->kind == VIEW_REPORT && noun->is_lead))
		append(text, bytes, ", %u%% of %s", part.percent, what);
	else if (view->kind == VIEW_DIFF)
		append(text, bytes, ", %u%% of the %s in %s", part.percent,
		       is_decrease ? "decrease" : "growth", noun->text);
	else
		append(text, bytes, ", %u%% of the %s", part.percent, noun->text);
	append(text, bytes, " from %zu of %s %s", part.row_count,
	       number_text((int64_t)rows->count).text, group_name(rows->by, rows->count));
}

/* "35.7 MiB allocated in 368,203 blocks" */
static void put_sum(int64_t sum, const char *what, int64_t count, char *text, size_t bytes)
{
	(void)snprintf(text, bytes, "%s %s in %s %s", size_text(sum).text, what,
		       number_text(count).text, count == 1 ? "block" : "blocks");
}

static void put_live(const struct view *view, char *text, size_t bytes)
{
	const struct counters *total = &view->rows->total.counters;

	put_sum(total->live_bytes, "live", total->live_blocks, text, bytes);
	if (total->live_blocks == 0 && total->at_peak_live_bytes > 0)
		(void)snprintf(text, bytes,
			       "nothing is live; at its peak it was %s: --sort at-peak",
			       size_text(total->at_peak_live_bytes).text);
}

static void answer_report(const struct view *view, char *text, size_t bytes)
{
	const struct counters *total = &view->rows->total.counters;
	const char *name = view->sort->name;

	if (strcmp(name, "alloc_bytes") == 0 || strcmp(name, "alloc_count") == 0)
		put_sum(total->alloc_bytes, "allocated", total->alloc_count, text, bytes);
	else if (strcmp(name, "freed_bytes") == 0 || strcmp(name, "free_count") == 0)
		put_sum(total->freed_bytes, "freed", total->free_count, text, bytes);
	else if (strcmp(name, "at_peak_live_bytes") == 0)
		(void)snprintf(text, bytes, "%s live at the peak",
			       size_text(total->at_peak_live_bytes).text);
	else if (strcmp(name, "temporary_count") == 0)
		(void)snprintf(text, bytes, "%s of %s blocks temporary",
			       number_text(total->temporary_count).text,
			       number_text(total->alloc_count).text);
	else
		put_live(view, text, bytes);
	append_concentration(view, "it", false, text, bytes);
}

/* When the blocks of a list of live blocks were alive. */
static const char *moment_of(const struct view *view)
{
	enum snapshot_state state = view->snapshots[0]->state;
	size_t i;

	/* what exec replaced is left out where something else is there */
	for (i = 1; i < view->snapshot_count && state == SNAPSHOT_EXECED; i++)
		state = view->snapshots[i]->state;
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
	append_concentration(view, "it", false, text, bytes);
}

/* Rows whose live bytes went one way, and by how much together. */
struct movement {
	uint64_t row_count;
	int64_t bytes;
};

static struct movement movement_of(const struct row_set *rows, bool is_decrease)
{
	const struct field *field = field_by_name("live_bytes");
	struct movement movement = {0};
	size_t i;

	for (i = 0; i < rows->count; i++) {
		int64_t change =
			field_delta(field, &rows->rows[i].series[0], &rows->rows[i].figures);

		if (change == 0 || (change < 0) != is_decrease)
			continue;
		movement.row_count++;
		movement.bytes = is_decrease ? wrap_subtract(movement.bytes, change)
					     : wrap_add(movement.bytes, change);
	}
	return movement;
}

static void answer_diff(const struct view *view, char *text, size_t bytes)
{
	const struct row_set *rows = view->rows;
	int64_t change = field_delta(field_by_name("live_bytes"), &rows->series[0], &rows->total);
	bool is_decrease = change < 0;
	struct movement with = movement_of(rows, is_decrease);
	struct movement against = movement_of(rows, !is_decrease);
	const char *what = is_decrease ? "the decrease" : "the growth";

	(void)snprintf(text, bytes, "%s live", size_text_signed(change).text);
	if (with.row_count + against.row_count == 0)
		append(text, bytes, ", the same everywhere");
	append_concentration(view, against.row_count ? what : "it", is_decrease, text, bytes);
	if (against.row_count > 0 && !rows->is_cumulative)
		append(text, bytes, "; %s %s %s by %s",
		       number_text((int64_t)against.row_count).text,
		       group_name(rows->by, against.row_count), is_decrease ? "grew" : "shrank",
		       size_text(against.bytes).text);
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
	sampling_answer(view, answer->sampled, sizeof(answer->sampled));
	if (view->rows->is_filtered && view->rows->count == 0)
		(void)snprintf(answer->main, sizeof(answer->main), "nothing passes the filters%s",
			       view->rows->is_cumulative ? ""
							 : "; --cumulative looks at callers too");
	else if (view->rows->is_filtered)
		append(answer->main, sizeof(answer->main), " (of what the filters let pass)");
}
