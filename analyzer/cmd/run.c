/* SPDX-License-Identifier: Apache-2.0 */
/*
 * run.c - `memtrace run`: starts a program under the tracer and says at its end what was found.
 */
#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/launch.h"
#include "cmd/cmd.h"
#include "cmd/options.h"
#include "cmd/run_settings.h"
#include "cmd/run_summary.h"
#include "memtrace/env.h"
#include "model/executable.h"
#include "model/shim.h"

/* As env(1), nohup(1) and the shells have it. */
enum {
	EXIT_CANNOT_RUN = 126,
	EXIT_NOT_FOUND = 127,
};

enum {
	RUN_ALLOCATOR = RUN_OPTION_FIRST_OWN,
	RUN_QUIET,
};

static const struct option_row own_rows[] = {
	{RUN_ALLOCATOR, "allocator", 0, "NAME",
	 "jemalloc, tcmalloc, mimalloc or a path, behind the tracer"},
	{RUN_QUIET, "quiet", 'q', NULL, "no summary, and no messages of the tracer"},
};

static const struct option_group groups[] = {
	OPTION_GROUP("Running", own_rows),
	OPTION_GROUP("Tracing", run_settings_rows),
};

static const struct command_usage usage = {
	.name = "run",
	.synopsis = "[options] [--] PROGRAM [ARGUMENT]...",
	.about = "Runs a program with every allocation traced and passes its exit status through\n"
		 "(128 + signal where one ended it). 126: cannot be traced, 127: not found.",
	.groups = groups,
	.group_count = sizeof(groups) / sizeof(groups[0]),
	.stops_at_operand = true,
};

struct run {
	struct run_settings settings;
	bool is_quiet;
};

static int take_allocator(struct run *run, const char *name, struct error *error)
{
	return shim_find_allocator(name, run->settings.allocator, error);
}

static void take_quiet(struct run *run)
{
	run->is_quiet = true;
	run_settings_add(&run->settings, MT_ENV_QUIET, "1");
}

/* Returns -1, or the code to end with. */
static int parse(struct run *run, struct options *options)
{
	struct error error = {""};
	int id, ret = 0;

	while ((id = options_next(options)) > 0) {
		if (id == RUN_QUIET)
			take_quiet(run);
		else if (id == RUN_ALLOCATOR)
			ret = take_allocator(run, options->value, &error);
		else
			ret = run_settings_take(&run->settings, id, options->value, &error);
		if (ret != 0)
			return options_fail(options, "%s: %s", options->option, error.text);
	}
	if (id < 0)
		return options->exit_code;
	if (options->operand_count == 0)
		return options_fail(options, "what is to be run?");
	if (run_settings_conflict(&run->settings))
		return options_fail(options,
				    "--report-invalid does not work with --sample: a free "
				    "cannot be told from one of a block that is no sample");
	return -1;
}

/* Returns -1, or the code to end with. */
static int refuse(const char *name, char *path)
{
	struct error error = {""};
	enum executable_obstacle obstacle = executable_find(name, path, &error);

	if (obstacle == EXECUTABLE_FINE)
		obstacle = executable_check(path, &error);
	if (obstacle == EXECUTABLE_FINE)
		return -1;
	return cmd_fail(obstacle == EXECUTABLE_MISSING ? EXIT_NOT_FOUND : EXIT_CANNOT_RUN, "%s",
			error.text);
}

static int prepare(void *context)
{
	const struct run *run = context;

	return run_settings_apply(&run->settings);
}

static int start(struct run *run, char *path, char **argv)
{
	struct launch launch = {.path = path, .argv = argv, .prepare = prepare, .context = run};
	int ret;

	ret = launch_run(&launch);
	if (ret != 0)
		return cmd_fail(ret == -ENOENT ? EXIT_NOT_FOUND : EXIT_CANNOT_RUN, "%s: %s", path,
				strerror(-ret));
	run_summary_finish(run->settings.output, run->settings.live, &launch, run->is_quiet);
	return launch_exit_code(launch.wait_status);
}

int cmd_run(int argc, char **argv)
{
	static struct run run;
	struct options options;
	struct error error = {""};
	char path[PATH_MAX];
	int code;

	options_begin(&options, &usage, argc, argv);
	code = parse(&run, &options);
	if (code >= 0)
		return code;
	options.operands[options.operand_count] = NULL;
	code = refuse(options.operands[0], path);
	if (code >= 0)
		return code;
	if (shim_find(run.settings.shim, &error) != 0)
		return cmd_fail(CMD_FAILED, "%s", error.text);
	if (run.settings.allocator[0])
		run.settings.puts_cxx_first = shim_puts_cxx_first(run.settings.allocator, path);
	run_settings_add(&run.settings, MT_ENV_RSS, "1");
	return start(&run, path, options.operands);
}
