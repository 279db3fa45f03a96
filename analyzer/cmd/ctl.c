/* SPDX-License-Identifier: Apache-2.0 */
/*
 * ctl.c - `memtrace ctl`: leaves a request for a traced process.
 */
#include <errno.h>
#include <string.h>

#include "base/suggest.h"
#include "cmd/cmd.h"
#include "cmd/open.h"
#include "cmd/options.h"
#include "model/target.h"

static const struct command_usage usage = {
	.name = "ctl",
	.synopsis = "PID start|stop|snapshot|reset-peak",
	.about = "Leaves a request for a running process, which carries it out at one of its next "
		 "allocations:\n"
		 "start or stop recording, write a numbered snapshot beside its trace file, or let "
		 "the\n"
		 "peak start again from what is live now.",
};

static const struct request {
	const char *name;
	enum mt_command command;
} requests[] = {
	{"start", MT_COMMAND_START},
	{"stop", MT_COMMAND_STOP},
	{"snapshot", MT_COMMAND_SNAPSHOT},
	{"reset-peak", MT_COMMAND_RESET_PEAK},
};

#define REQUEST_COUNT (sizeof(requests) / sizeof(requests[0]))

static const struct request *find_request(const char *name)
{
	for (size_t i = 0; i < REQUEST_COUNT; i++)
		if (strcmp(requests[i].name, name) == 0)
			return &requests[i];
	return NULL;
}

static int fail_unknown(const struct options *options, const char *name)
{
	struct suggestion nearest;

	suggest_begin(&nearest, name);
	for (size_t i = 0; i < REQUEST_COUNT; i++)
		suggest_offer(&nearest, requests[i].name);
	if (nearest.word != NULL)
		return options_fail(options, "'%s' is no request; did you mean '%s'?", name,
				    nearest.word);
	return options_fail(options, "expected start, stop, snapshot or reset-peak, found '%s'",
			    name);
}

static int ask(pid_t pid, enum mt_command command)
{
	struct error error = {""};
	int ret = target_control(pid, command, &error);

	if (ret == 0)
		return CMD_DONE;
	return cmd_fail(ret == -EINPROGRESS || ret == -EBUSY ? CMD_FAILED : CMD_BAD_INPUT, "%s",
			error.text);
}

int cmd_ctl(int argc, char **argv)
{
	const struct request *request;
	struct options options;
	pid_t pid;
	int id;

	options_begin(&options, &usage, argc, argv);
	id = options_next(&options);
	if (id < 0)
		return options.exit_code;
	if (options.operand_count != 2)
		return options_fail(&options, "expected a process and a request, found %d words",
				    options.operand_count);
	if (!open_is_pid(options.operands[0], &pid))
		return options_fail(&options, "expected a process id, found '%s'",
				    options.operands[0]);
	request = find_request(options.operands[1]);
	if (request == NULL)
		return fail_unknown(&options, options.operands[1]);
	return ask(pid, request->command);
}
