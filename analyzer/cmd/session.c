/* SPDX-License-Identifier: Apache-2.0 */
/*
 * session.c - from options and inputs to rows on standard output.
 */
#include "cmd/session.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/terminal.h"
#include "cmd/cmd.h"
#include "model/source.h"
#include "model/symbolize.h"
#include "model/wrappers.h"
#include "render/place_text.h"

int session_init(struct session *session)
{
	*session = (struct session){0};
	return view_options_init(&session->options);
}

void session_fini(struct session *session)
{
	size_t i;

	row_set_free(session->rows);
	group_rules_free(session->rules);
	source_free(session->source);
	stack_reader_free(session->reader);
	wrappers_free(session->wrappers);
	symbolizer_free(session->symbolizer);
	for (i = 0; i < session->snapshot_count; i++)
		snapshot_free(session->snapshots[i]);
	free(session->snapshots);
	view_options_fini(&session->options);
}

int session_prepare(struct session *session)
{
	const struct view_options *options = &session->options;
	const struct symbolize_options symbols = {
		.sysroot = options->sysroot,
		.debug_dirs = options->debug_dirs.texts,
		.use_debuginfod = options->use_debuginfod,
		.show_progress = isatty(STDERR_FILENO),
	};
	int status = symbolizer_new(&symbols, &session->symbolizer, &session->error);

	if (!status && !options->is_unfolded)
		status = wrappers_new(options->wrapper_patterns.texts, &session->wrappers,
				      &session->error);
	if (!status)
		status = stack_reader_new(session->symbolizer, session->wrappers, &session->reader);
	if (!status)
		status = source_new(options->sysroot, &session->source, &session->error);
	return status;
}

struct aggregation session_aggregation(const struct session *session)
{
	return (struct aggregation){
		.by = session->options.by,
		.is_cumulative = session->options.is_cumulative,
		.filter = session->options.filter,
		.sort = session->options.sort,
		.rules = session->rules,
		.reader = session->reader,
	};
}

int session_view(struct session *session, enum view_kind kind, struct view *view)
{
	const struct view_options *options = &session->options;
	bool is_text = options->renderer == &text_renderer;

	*view = (struct view){
		.kind = kind,
		.rows = session->rows,
		.sort = options->sort,
		.fields = options->fields,
		.field_count = options->field_count,
		.limit = is_text ? TEXT_LIMIT_DEFAULT : 0,
		.depth = is_text ? TEXT_DEPTH_DEFAULT : 0,
		.snapshots = (const struct snapshot *const *)session->snapshots,
		.snapshot_count = session->snapshot_count,
		.reader = session->reader,
		.findings = &session->findings,
		.symbolizer = session->symbolizer,
		.source = session->source,
		.columns = terminal_columns(STDOUT_FILENO),
		.has_color = terminal_has_color(STDOUT_FILENO),
	};

	if (options->has_limit)
		view->limit = options->limit;
	if (options->has_depth)
		view->depth = options->depth;
	row_set_drop_small(session->rows, options->min_live_bytes);
	if (view->limit > 0)
		return row_set_sort_first(session->rows, options->sort, view->limit);
	return row_set_sort(session->rows, options->sort);
}

/* Texts of files and names: nothing that a terminal would obey. */
static void print_line(const char *kind, const char *text)
{
	(void)fprintf(stderr, "memtrace: %s", kind);
	place_put(stderr, text);
	(void)fputc('\n', stderr);
}

void session_print_findings(const struct session *session)
{
	const struct findings *findings = &session->findings;
	static const char *const kinds[] = {
		[FINDING_NOTE] = "note: ",
		[FINDING_WARNING] = "warning: ",
		[FINDING_REFUSAL] = "warning: ",
	};
	size_t i;

	for (i = 0; i < findings->count; i++)
		print_line(kinds[findings->list[i].kind], findings->list[i].text);
}

void session_print_warnings(const struct session *session)
{
	const char *const *warnings = symbolizer_warnings(session->symbolizer);

	for (; *warnings; warnings++)
		print_line("warning: ", *warnings);
}

int session_show(struct session *session, struct view *view)
{
	int status;

	session_print_findings(session);
	status = render(session->options.renderer, stdout, view);
	session_print_warnings(session);
	if (status)
		return cmd_fail(CMD_FAILED, "%s", strerror(-status));
	return CMD_DONE;
}
