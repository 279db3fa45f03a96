/* SPDX-License-Identifier: Apache-2.0 */
/*
 * open.c - what a user means by FILE|PID.
 */
#include "cmd/open.h"

#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cmd/cmd.h"
#include "model/target.h"

bool open_is_pid(const char *argument, pid_t *pid)
{
	unsigned long number;

	if (argument[0] == '\0' || argument[strspn(argument, "0123456789")] != '\0')
		return false;
	if (access(argument, F_OK) == 0)
		return false;
	errno = 0;
	number = strtoul(argument, NULL, 10);
	if (errno != 0 || number == 0 || number > INT_MAX)
		return false;
	if (pid != NULL)
		*pid = (pid_t)number;
	return true;
}

int open_input(const char *argument, struct snapshot **out)
{
	struct error error = {""};
	pid_t pid;
	int ret;

	if (open_is_pid(argument, &pid))
		ret = target_load(pid, out, &error);
	else
		ret = snapshot_load(argument, out, &error);
	return ret == 0 ? CMD_DONE : cmd_fail(CMD_BAD_INPUT, "%s", error.text);
}
