/* SPDX-License-Identifier: Apache-2.0 */
/*
 * report.c - memtrace report: which call stacks hold the memory.
 */
#include <string.h>

#include "cmd/cmd.h"
#include "cmd/session.h"
#include "model/process_tree.h"

enum {
	ID_NO_CHILDREN = 1,
};

static const struct option_row own_options[] = {
	{ID_NO_CHILDREN, "no-children", 0, NULL, "leave out the processes in FILE.d beside FILE"},
};

static const struct option_group groups[] = {
	OPTION_GROUP("Inputs", own_options),
	VIEW_OPTION_GROUPS,
};

static const struct command_usage usage = {
	.name = "report",
	.synopsis = "[options] FILE...|PID",
	.about =
		"Shows which call stacks allocate most: of a trace file or snapshot, of a running\n"
		"process without stopping it, or of several files taken together.",
	.groups = groups,
	.group_count = sizeof(groups) / sizeof(groups[0]),
};

static int load(struct session *session, const struct options *options, bool has_children)
{
	int i, status = 0;

	for (i = 0; i < options->operand_count && !status; i++) {
		status = session_load(session, options->operands[i]);
		if (!status && has_children)
			status = session_load_children(session, options->operands[i]);
	}
	return status;
}

static int report(struct session *session)
{
	const struct snapshot *const *snapshots =
		(const struct snapshot *const *)session->snapshots;
	const struct tree_parts parts = tree_parts_of(snapshots, session->snapshot_count);
	struct aggregation aggregation;
	int status = session_prepare(session);

	tree_note(&parts, false, &session->findings);
	if (!status)
		status = group_rules_new(snapshots, 1, &session->rules);
	if (!status) {
		aggregation = session_aggregation(session);
		status =
			aggregate(&aggregation, snapshots, session->snapshot_count, &session->rows);
	}
	return status;
}

int cmd_report(int argc, char **argv)
{
	struct session session;
	struct options options;
	struct view view;
	bool has_children = true;
	int id, code, status = session_init(&session);

	options_begin(&options, &usage, argc, argv);
	while (!status && (id = options_next(&options)) != 0) {
		if (id == ID_NO_CHILDREN)
			has_children = false;
		else if (id < 0 || view_options_take(&session.options, &options, id)) {
			code = options.exit_code;
			goto out;
		}
	}
	if (!status && options.operand_count == 0) {
		code = options_fail(&options, "which file or process?");
		goto out;
	}
	if (!status)
		status = load(&session, &options, has_children);
	if (!status)
		status = report(&session);
	if (!status)
		status = session_view(&session, VIEW_REPORT, &view);
	if (status) {
		code = session_fail(&session, status);
		goto out;
	}
	merge_check((const struct snapshot *const *)session.snapshots, session.snapshot_count,
		    &session.findings);
	code = session_show(&session, &view);
out:
	session_fini(&session);
	return code;
}
