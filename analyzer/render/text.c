/* SPDX-License-Identifier: Apache-2.0 */
/*
 * text.c - the report for people: the answer, rows with their stacks, and how far to trust them.
 */
#include <inttypes.h>

#include "base/size_text.h"
#include "render/answer.h"
#include "render/integrity.h"
#include "render/line_text.h"
#include "render/number_text.h"
#include "render/place_text.h"
#include "render/render.h"
#include "render/sampling.h"
#include "render/text_row.h"

static int text_begin(struct rendering *rendering)
{
	const struct view *view = rendering->view;
	FILE *out = rendering->out;
	struct answer answer;

	answer_of(view, &answer);
	if (*answer.rss)
		line_put(out, view->columns, answer.rss);
	line_put(out, view->columns, answer.main);
	if (*answer.sampled)
		line_put(out, view->columns, answer.sampled);
	return 0;
}

static void put_suppressions(FILE *out, const struct view *view)
{
	size_t i;

	if (view->suppression_count > 0)
		(void)fputs("\nsuppressions used:\n", out);
	for (i = 0; i < view->suppression_count; i++) {
		const struct view_suppression *item = &view->suppressions[i];

		(void)fprintf(out, "    %s in %s %s of %s %s: ", size_text(item->live_bytes).text,
			      number_text(item->live_blocks).text,
			      item->live_blocks == 1 ? "block" : "blocks",
			      number_text(item->site_count).text,
			      group_name(GROUP_SITE, (uint64_t)item->site_count));
		place_put(out, item->pattern);
		(void)fputc('\n', out);
	}
}

static void put_hidden_rows(FILE *out, const struct view *view)
{
	const struct row_set *rows = view->rows;
	size_t i, unchanged = 0, hidden = 0;

	for (i = 0; i < rows->count; i++) {
		bool is_shown = text_row_is_shown(view, &rows->rows[i]);

		unchanged += !is_shown;
		hidden += is_shown && view->limit > 0 && i >= view->limit;
	}
	if (hidden > 0)
		(void)fprintf(out, "\n%s more %s; --limit 0 shows all\n",
			      number_text((int64_t)hidden).text, group_name(rows->by, hidden));
	if (unchanged > 0 && view->kind == VIEW_DIFF)
		(void)fprintf(out, "\n%s %s did not change\n", number_text((int64_t)unchanged).text,
			      group_name(rows->by, unchanged));
}

static void put_optional(FILE *out, int64_t count, const char *what)
{
	if (count > 0)
		(void)fprintf(out, ", %s %s", number_text(count).text, what);
}

/* The last line, never cut: whoever doubts a figure looks here. */
static void put_integrity(FILE *out, const struct view *view)
{
	struct integrity integrity;

	integrity_of(view, &integrity);
	(void)fprintf(out, "\n%s events %s, %s dropped, %s unseen frees, %s truncated stacks, ",
		      number_text(integrity.event_count).text,
		      sampling_bytes(view) > 0 ? "estimated" : "seen",
		      number_text(integrity.dropped_count).text,
		      number_text(integrity.unseen_free_count).text,
		      number_text(integrity.truncated_stack_count).text);
	(void)fprintf(out, "%s of %s frames unresolved",
		      number_text((int64_t)integrity.census.unresolved_count).text,
		      number_text((int64_t)integrity.census.location_count).text);
	put_optional(out, integrity.broken_stack_count, "broken stacks");
	put_optional(out, (int64_t)integrity.approximate_site_count, "approximate sites");
	if (integrity.unbalanced_bytes == 0)
		(void)fputs("; live + freed = allocated\n", out);
	else
		(void)fprintf(out, "; live + freed differs from allocated by %s\n",
			      size_text(integrity.unbalanced_bytes).text);
}

static int text_end(struct rendering *rendering)
{
	const struct view *view = rendering->view;
	FILE *out = rendering->out;

	put_suppressions(out, view);
	put_hidden_rows(out, view);
	put_integrity(out, view);
	return 0;
}

const struct renderer text_renderer = {
	.name = "text",
	.begin = text_begin,
	.row = text_row,
	.end = text_end,
};
