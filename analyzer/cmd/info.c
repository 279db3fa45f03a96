/* SPDX-License-Identifier: Apache-2.0 */
/*
 * info.c - `memtrace info`: everything that a file says about its process.
 */
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "cmd/cmd.h"
#include "cmd/info_verify.h"
#include "cmd/open.h"
#include "cmd/options.h"
#include "render/info.h"

enum {
	INFO_JSON = 1,
	INFO_VERIFY,
};

static const struct option_row rows[] = {
	{INFO_JSON, "json", 0, NULL, "as JSON"},
	{INFO_VERIFY, "verify", 0, NULL,
	 "compare all call stacks of a process with its live blocks"},
};

static const struct option_group groups[] = {
	OPTION_GROUP("Options", rows),
};

static const struct command_usage usage = {
	.name = "info",
	.synopsis = "[options] FILE|PID",
	.about = "Shows everything that a snapshot, a trace file or a running process tells: the "
		 "process,\n"
		 "its totals, what could not be recorded, messages, marks, threads, modules and "
		 "the timeline.",
	.groups = groups,
	.group_count = sizeof(groups) / sizeof(groups[0]),
};

static int show(const char *input, bool is_json)
{
	struct snapshot *snapshot;
	int code = open_input(input, &snapshot);
	int ret;

	if (code != CMD_DONE)
		return code;
	ret = is_json ? info_print_json(snapshot, stdout) : info_print_text(snapshot, stdout);
	snapshot_free(snapshot);
	return ret == 0 ? CMD_DONE : cmd_fail(CMD_FAILED, "%s: %s", input, strerror(-ret));
}

int cmd_info(int argc, char **argv)
{
	struct options options;
	bool is_json = false, is_verified = false;
	pid_t pid;
	int id;

	options_begin(&options, &usage, argc, argv);
	while ((id = options_next(&options)) > 0) {
		is_json |= id == INFO_JSON;
		is_verified |= id == INFO_VERIFY;
	}
	if (id < 0)
		return options.exit_code;
	if (options.operand_count != 1)
		return options_fail(&options, "expected one file or process, found %d",
				    options.operand_count);
	if (!is_verified)
		return show(options.operands[0], is_json);
	if (!open_is_pid(options.operands[0], &pid))
		return options_fail(&options, "--verify: expected a process id, found '%s'",
				    options.operands[0]);
	return info_verify(pid, is_json);
}
