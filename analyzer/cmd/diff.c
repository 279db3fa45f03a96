/* SPDX-License-Identifier: Apache-2.0 */
/*
 * diff.c - memtrace diff: what grew, shrank, appeared and vanished between two or more moments.
 */
#include <errno.h>
#include <stdlib.h>

#include "cmd/cmd.h"
#include "cmd/session.h"

enum {
	ID_FORCE = 1,
};

static const struct option_row own_options[] = {
	{ID_FORCE, "force", 0, NULL, "compare different programs all the same"},
};

static const struct option_group groups[] = {
	OPTION_GROUP("Inputs", own_options),
	VIEW_OPTION_GROUPS,
};

static const struct command_usage usage = {
	.name = "diff",
	.synopsis = "[options] A B [C...]",
	.about = "Shows which call stacks grew from A to B. Each is a snapshot, a trace file or "
		 "the\n"
		 "number of a process. With more than two, growth per interval is counted as well.",
	.groups = groups,
	.group_count = sizeof(groups) / sizeof(groups[0]),
};

/* How each call stack changed from the first input to the last. */
static int changes_of(struct session *session, struct row_set **out)
{
	const struct aggregation aggregation = {
		.by = GROUP_SITE,
		.rules = session->rules,
		.reader = session->reader,
	};
	const struct snapshot *last = session->snapshots[session->snapshot_count - 1];
	const struct snapshot *first = session->snapshots[0];
	struct row_set *sets[2] = {NULL, NULL};
	int status = aggregate(&aggregation, &first, 1, &sets[0]);

	if (!status)
		status = aggregate(&aggregation, &last, 1, &sets[1]);
	if (!status)
		status = diff_rows((const struct row_set *const *)sets, 2, out);
	row_set_free(sets[0]);
	row_set_free(sets[1]);
	return status;
}

static int aggregate_each(struct session *session, const struct row_set *changes,
			  struct row_set **sets)
{
	struct aggregation aggregation = session_aggregation(session);
	int status = 0;
	size_t i;

	aggregation.changes = changes;
	for (i = 0; i < session->snapshot_count && !status; i++) {
		const struct snapshot *snapshot = session->snapshots[i];

		status = aggregate(&aggregation, &snapshot, 1, &sets[i]);
	}
	return status;
}

static int join(struct session *session)
{
	struct row_set **sets = calloc(session->snapshot_count, sizeof(struct row_set *));
	struct row_set *changes = NULL;
	size_t i;
	int status = -ENOMEM;

	if (sets)
		status = 0;
	/* a row by site has one stack */
	if (!status && session->options.by != GROUP_SITE)
		status = changes_of(session, &changes);
	if (!status)
		status = aggregate_each(session, changes, sets);
	if (!status)
		status = diff_rows((const struct row_set *const *)sets, session->snapshot_count,
				   &session->rows);
	for (i = 0; sets && i < session->snapshot_count; i++)
		row_set_free(sets[i]);
	free(sets);
	row_set_free(changes);
	return status;
}

static const struct finding *refusal(const struct findings *findings)
{
	size_t i;

	for (i = 0; i < findings->count; i++)
		if (findings->list[i].kind == FINDING_REFUSAL)
			return &findings->list[i];
	return NULL;
}

/* Everything from loaded inputs to the output. */
static int diff(struct session *session, bool is_forced)
{
	const struct snapshot *const *snapshots =
		(const struct snapshot *const *)session->snapshots;
	const struct finding *reason;
	struct view view;
	int status;

	diff_order(session->snapshots, session->snapshot_count, &session->findings);
	status = group_rules_new(snapshots, session->snapshot_count, &session->rules);
	if (status)
		return session_fail(session, status);
	diff_check(snapshots, session->snapshot_count, group_rules_rebuilt(session->rules),
		   &session->findings);
	reason = refusal(&session->findings);
	if (reason && !is_forced)
		return cmd_fail(CMD_BAD_INPUT, "%s; --force compares them all the same",
				reason->text);
	status = session_prepare(session);
	if (!status)
		status = group_rules_learn(session->rules, session->reader, snapshots,
					   session->snapshot_count);
	if (!status)
		status = join(session);
	if (!status)
		status = session_view(session, VIEW_DIFF, &view);
	if (status)
		return session_fail(session, status);
	return session_show(session, &view);
}

int cmd_diff(int argc, char **argv)
{
	struct session session;
	struct options options;
	bool is_forced = false;
	int i, id, code, status = session_init(&session);

	options_begin(&options, &usage, argc, argv);
	while (!status && (id = options_next(&options)) != 0) {
		if (id == ID_FORCE)
			is_forced = true;
		else if (id < 0 || view_options_take(&session.options, &options, id)) {
			code = options.exit_code;
			goto out;
		}
	}
	if (!status && options.operand_count < 2) {
		code = options_fail(&options, "two files or processes are needed, %d given",
				    options.operand_count);
		goto out;
	}
	for (i = 0; !status && i < options.operand_count; i++)
		status = session_load(&session, options.operands[i]);
	code = status ? session_fail(&session, status) : diff(&session, is_forced);
out:
	session_fini(&session);
	return code;
}
