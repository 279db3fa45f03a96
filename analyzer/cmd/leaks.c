/* SPDX-License-Identifier: Apache-2.0 */
/*
 * leaks.c - memtrace leaks: the blocks that are alive at exit, or now. Whether anything still
 * refers to them is not looked at, so they are not called leaked.
 */
#include <errno.h>
#include <stdlib.h>

#include "cmd/cmd.h"
#include "cmd/session.h"
#include "model/process_tree.h"

enum {
	ID_SUPPRESSIONS = 1,
	ID_ERROR_EXITCODE,
	ID_NO_CHILDREN,
};

static const struct option_row own_options[] = {
	{ID_SUPPRESSIONS, "suppressions", 0, "FILE",
	 "leave out what a LeakSanitizer suppression file names; may be repeated"},
	{ID_ERROR_EXITCODE, "error-exitcode", 0, "N", "exit with N if any block is left"},
	{ID_NO_CHILDREN, "no-children", 0, NULL, "leave out the processes in FILE.d beside FILE"},
};

static const struct option_group groups[] = {
	OPTION_GROUP("Check", own_options),
	VIEW_OPTION_GROUPS,
};

static const struct command_usage usage = {
	.name = "leaks",
	.synopsis = "[options] FILE...|PID",
	.about = "Shows the blocks alive at exit by the call stack that allocated them, or those "
		 "alive\n"
		 "now. A block that is alive is not necessarily leaked: caches and globals always "
		 "are.",
	.groups = groups,
	.group_count = sizeof(groups) / sizeof(groups[0]),
};

struct leaks {
	struct session session;
	struct suppressions suppressions;
	struct stack_reader *whole_reader; /* with wrappers: a suppression may name one */
	struct stack stack;
	bool has_children;
	int error_code; /* 0 = blocks that are alive are no error */
};

static int choose_live(void *context, const struct snapshot *snapshot, const struct site *site,
		       bool *is_chosen)
{
	struct leaks *leaks = context;
	int status;

	*is_chosen = site->counters.live_blocks != 0 &&
		     !tree_is_replaced((const struct snapshot *const *)leaks->session.snapshots,
				       leaks->session.snapshot_count, snapshot);
	if (!*is_chosen || leaks->suppressions.count == 0)
		return 0;
	status = stack_read(leaks->whole_reader, snapshot, site->node, &leaks->stack);
	if (!status)
		*is_chosen =
			!suppressions_count(&leaks->suppressions, &leaks->stack, &site->counters);
	return status;
}

static int take_own(struct leaks *leaks, struct options *options, int id)
{
	struct error error = {0};
	char *end;
	long code;

	switch (id) {
	case ID_NO_CHILDREN:
		leaks->has_children = false;
		return 0;
	case ID_SUPPRESSIONS:
		if (suppressions_load(&leaks->suppressions, options->value, &error) == 0)
			return 0;
		options->exit_code = cmd_fail(CMD_BAD_INPUT, "%s", error.text);
		return -1;
	case ID_ERROR_EXITCODE:
		code = strtol(options->value, &end, 10);
		leaks->error_code = (int)code;
		if (end != options->value && !*end && code >= 0 && code <= 255)
			return 0;
		options->exit_code = options_fail(options, "%s: '%s' is not a number from 0 to 255",
						  options->option, options->value);
		return -1;
	default:
		return view_options_take(&leaks->session.options, options, id);
	}
}

static int load(struct leaks *leaks, const struct options *options)
{
	struct session *session = &leaks->session;
	int i, status = 0;

	for (i = 0; i < options->operand_count && !status; i++) {
		status = session_load(session, options->operands[i]);
		if (!status && leaks->has_children)
			status = session_load_children(session, options->operands[i]);
	}
	return status;
}

static int collect(struct leaks *leaks)
{
	struct session *session = &leaks->session;
	const struct snapshot *const *snapshots =
		(const struct snapshot *const *)session->snapshots;
	const struct tree_parts parts = tree_parts_of(snapshots, session->snapshot_count);
	struct aggregation aggregation;
	int status = session_prepare(session);

	tree_note(&parts, true, &session->findings);
	tree_drop_inherited(session->snapshots, session->snapshot_count);
	if (!status)
		status = stack_reader_new(session->symbolizer, NULL, &leaks->whole_reader);
	if (!status)
		status = group_rules_new(snapshots, 1, &session->rules);
	if (status)
		return status;
	aggregation = session_aggregation(session);
	aggregation.choose = choose_live;
	aggregation.context = leaks;
	return aggregate(&aggregation, snapshots, session->snapshot_count, &session->rows);
}

/* Only suppressions that took something out. */
static int list_suppressions(const struct suppressions *suppressions, struct view *view,
			     struct view_suppression **out)
{
	struct view_suppression *list = calloc(suppressions->count + 1, sizeof(*list));
	size_t i, count = 0;

	if (!list)
		return -ENOMEM;
	for (i = 0; i < suppressions->count; i++) {
		const struct suppression *from = &suppressions->list[i];

		if (from->site_count > 0)
			list[count++] =
				(struct view_suppression){from->text, from->site_count,
							  from->live_blocks, from->live_bytes};
	}
	view->suppressions = *out = list;
	view->suppression_count = count;
	return 0;
}

static int show(struct leaks *leaks)
{
	struct session *session = &leaks->session;
	struct view_suppression *suppressions;
	struct view view;
	int code, status = session_view(session, VIEW_LEAKS, &view);

	if (!status)
		status = list_suppressions(&leaks->suppressions, &view, &suppressions);
	if (status)
		return session_fail(session, status);
	merge_check((const struct snapshot *const *)session->snapshots, session->snapshot_count,
		    &session->findings);
	code = session_show(session, &view);
	free(suppressions);
	if (code == CMD_DONE && session->rows->total.counters.live_blocks != 0)
		code = leaks->error_code;
	return code;
}

int cmd_leaks(int argc, char **argv)
{
	struct leaks leaks = {.has_children = true};
	struct options options;
	int id, code, status = session_init(&leaks.session);

	options_begin(&options, &usage, argc, argv);
	while (!status && (id = options_next(&options)) != 0) {
		if (id < 0 || take_own(&leaks, &options, id)) {
			code = options.exit_code;
			goto out;
		}
	}
	if (!status && options.operand_count == 0) {
		code = options_fail(&options, "which file or process?");
		goto out;
	}
	if (!status)
		status = load(&leaks, &options);
	if (!status)
		status = collect(&leaks);
	code = status ? session_fail(&leaks.session, status) : show(&leaks);
out:
	stack_fini(&leaks.stack);
	stack_reader_free(leaks.whole_reader);
	suppressions_fini(&leaks.suppressions);
	session_fini(&leaks.session);
	return code;
}
