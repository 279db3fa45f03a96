/* SPDX-License-Identifier: Apache-2.0 */
/*
 * open.h - what a user means by FILE|PID.
 */
#ifndef CMD_OPEN_H
#define CMD_OPEN_H

#include <stdbool.h>
#include <sys/types.h>

#include "model/snapshot.h"

/**
 * open_is_pid() - digits only, and no file of that name.
 * @pid: set if so; may be NULL.
 */
bool open_is_pid(const char *argument, pid_t *pid);

/**
 * open_input() - load a file or look into a running process; says on standard error what went wrong.
 *
 * Return: CMD_DONE or CMD_BAD_INPUT.
 */
int open_input(const char *argument, struct snapshot **out);

#endif
