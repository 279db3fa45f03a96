/* SPDX-License-Identifier: Apache-2.0 */
/*
 * doctor.c - `memtrace doctor`: what will limit, or does limit, the tracing of a program.
 */
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/terminal.h"
#include "cmd/cmd.h"
#include "cmd/open.h"
#include "cmd/options.h"
#include "doctor/doctor.h"
#include "memtrace/env.h"
#include "model/output_folder.h"
#include "render/diagnoses.h"

enum {
	DOCTOR_JSON = 1,
	DOCTOR_OUTPUT,
	DOCTOR_LIVE,
};

static const struct option_row rows[] = {
	{DOCTOR_JSON, "json", 0, NULL, "as JSON"},
	{DOCTOR_OUTPUT, "output", 'o', "PATH", "where the trace file is to go, as for run"},
	{DOCTOR_LIVE, "live", 0, "DIR", "the same, as for run"},
};

static const struct option_group groups[] = {
	OPTION_GROUP("Options", rows),
};

static const struct command_usage usage = {
	.name = "doctor",
	.synopsis = "[options] PROGRAM|PID [-- ARGUMENT...]",
	.about = "Says before a run, or of a running process, what will limit or does limit its\n"
		 "tracing, and what to do about it. The program is not started: arguments of its\n"
		 "own change nothing and stand behind --. 1: something prevents tracing.",
	.groups = groups,
	.group_count = sizeof(groups) / sizeof(groups[0]),
};

/* The same precedence as in the tracer: the live file's place before the other one, whoever set it. */
static void take_environment(struct doctor_output *output)
{
	const char *live = getenv(MT_ENV_LIVE), *out = getenv(MT_ENV_OUT);
	bool is_live = live != NULL && live[0] != '\0';
	const char *path = is_live ? live : output->path[0] == '\0' ? out : NULL;
	struct doctor_output found = {.is_folder = is_live};

	if (!output->is_folder && path != NULL && path[0] != '\0' &&
	    output_folder_make_absolute(path, found.path, NULL) == 0)
		*output = found;
}

static int show(const struct diagnoses *diagnoses, const char *subject, bool is_json)
{
	if (is_json)
		diagnoses_print_json(diagnoses, subject, stdout);
	else
		diagnoses_print_text(diagnoses, subject, terminal_has_color(STDOUT_FILENO), stdout);
	if (diagnoses->has_failed)
		return cmd_fail(CMD_FAILED, "out of memory: diagnoses are missing");
	return diagnoses_count(diagnoses, DIAGNOSIS_PROBLEM) == 0 ? CMD_DONE : CMD_FAILED;
}

int cmd_doctor(int argc, char **argv)
{
	struct doctor_output output = {.path = ""};
	struct diagnoses diagnoses = {NULL, 0, false};
	struct error error = {""};
	struct options options;
	bool is_json = false;
	pid_t pid;
	int id, ret;

	options_begin(&options, &usage, argc, argv);
	while ((id = options_next(&options)) > 0) {
		is_json |= id == DOCTOR_JSON;
		if (id == DOCTOR_JSON || (id == DOCTOR_OUTPUT && output.is_folder))
			continue;
		output.is_folder = id == DOCTOR_LIVE;
		if (output_folder_make_absolute(options.value, output.path, &error) != 0)
			return options_fail(&options, "%s: %s", options.option, error.text);
	}
	if (id < 0)
		return options.exit_code;
	if (options.operand_count == 0)
		return options_fail(&options, "expected a program or a process");
	take_environment(&output);
	if (open_is_pid(options.operands[0], &pid))
		ret = doctor_process(pid, &diagnoses, &error);
	else
		ret = doctor_command(options.operands[0], &output, &diagnoses, &error);
	if (ret == 0)
		ret = show(&diagnoses, options.operands[0], is_json);
	else
		ret = cmd_fail(CMD_BAD_INPUT, "%s", error.text);
	diagnoses_fini(&diagnoses);
	return ret;
}
