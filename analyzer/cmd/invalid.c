/* SPDX-License-Identifier: Apache-2.0 */
/*
 * invalid.c - memtrace invalid: the frees and reallocs of what was no live block.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "cmd/cmd.h"
#include "cmd/session.h"
#include "render/invalid.h"

enum {
	ID_JSON = 1,
	ID_DEPTH,
	ID_ERROR_EXITCODE,
	ID_NO_CHILDREN,
};

static const struct option_row own_options[] = {
	{ID_JSON, "json", 'j', NULL, "JSON, as described in docs/JSON.md"},
	{ID_DEPTH, "depth", 'd', "N", "frames shown of a stack, 0 for all (default 12; JSON: all)"},
	{ID_ERROR_EXITCODE, "error-exitcode", 0, "N", "exit with N if there was any such call"},
	{ID_NO_CHILDREN, "no-children", 0, NULL, "leave out the processes in FILE.d beside FILE"},
};

static const struct option_group groups[] = {
	OPTION_GROUP("Options", own_options),
	OPTION_GROUP("Symbols", view_symbol_options),
};

static const struct command_usage usage = {
	.name = "invalid",
	.synopsis = "[options] FILE...|PID",
	.about = "Shows the frees and reallocs of what was no live block, which a program does "
		 "that was run\n"
		 "with --report-invalid: where, and where the block was freed and allocated.",
	.groups = groups,
	.group_count = sizeof(groups) / sizeof(groups[0]),
};

struct invalid {
	struct session session;
	bool is_json, has_children, has_depth;
	unsigned long depth, error_code; /* 0 = not asked for */
};

static int take_number(struct options *options, unsigned long most, unsigned long *number)
{
	char *end;

	errno = 0;
	*number = strtoul(options->value, &end, 10);
	if (options->value[0] >= '0' && options->value[0] <= '9' && *end == '\0' && errno == 0 &&
	    *number <= most)
		return 0;
	options->exit_code = options_fail(options, "%s: '%s' is not a number from 0 to %lu",
					  options->option, options->value, most);
	return -1;
}

static int take(struct invalid *invalid, struct options *options, int id)
{
	switch (id) {
	case ID_JSON:
		invalid->is_json = true;
		return 0;
	case ID_DEPTH:
		invalid->has_depth = true;
		return take_number(options, UINT32_MAX, &invalid->depth);
	case ID_ERROR_EXITCODE:
		return take_number(options, 255, &invalid->error_code);
	case ID_NO_CHILDREN:
		invalid->has_children = false;
		return 0;
	default:
		return view_options_take(&invalid->session.options, options, id);
	}
}

static int load(struct invalid *invalid, const struct options *options)
{
	struct session *session = &invalid->session;
	int status = 0;

	for (int i = 0; i < options->operand_count && !status; i++) {
		status = session_load(session, options->operands[i]);
		if (!status && invalid->has_children)
			status = session_load_children(session, options->operands[i]);
	}
	return status ? status : session_prepare(session);
}

/* A check must not pass where nothing could have been found. */
static int check_nothing(const struct invalid_view *view)
{
	switch (invalid_reporting(view)) {
	case MT_INVALID_NOT_REPORTED:
		return cmd_fail(CMD_FAILED,
				"--error-exitcode: invalid calls were not recorded; run "
				"the program with --report-invalid");
	case MT_INVALID_NOT_KNOWN:
		return cmd_fail(CMD_DONE, "--error-exitcode: it is not known whether invalid calls "
					  "were recorded");
	case MT_INVALID_REPORTED:
		break;
	}
	return CMD_DONE;
}

static int show(struct invalid *invalid)
{
	const struct session *session = &invalid->session;
	const struct invalid_view view = {
		.snapshots = (const struct snapshot *const *)session->snapshots,
		.snapshot_count = session->snapshot_count,
		.reader = session->reader,
		.depth = invalid->has_depth ? invalid->depth
			 : invalid->is_json ? 0
					    : TEXT_DEPTH_DEFAULT,
	};
	int status;

	session_print_findings(session);
	status = invalid->is_json ? invalid_print_json(&view, stdout)
				  : invalid_print_text(&view, stdout);
	session_print_warnings(session);
	if (status)
		return session_fail(session, status);
	if (invalid_total(&view) != 0)
		return (int)invalid->error_code;
	return invalid->error_code != 0 ? check_nothing(&view) : CMD_DONE;
}

int cmd_invalid(int argc, char **argv)
{
	struct invalid invalid = {.has_children = true};
	struct options options;
	int id, code, status = session_init(&invalid.session);

	options_begin(&options, &usage, argc, argv);
	while (!status && (id = options_next(&options)) != 0) {
		if (id < 0 || take(&invalid, &options, id)) {
			code = options.exit_code;
			goto out;
		}
	}
	if (!status && options.operand_count == 0) {
		code = options_fail(&options, "which file or process?");
		goto out;
	}
	if (!status)
		status = load(&invalid, &options);
	code = status ? session_fail(&invalid.session, status) : show(&invalid);
out:
	session_fini(&invalid.session);
	return code;
}
