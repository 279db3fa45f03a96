/* SPDX-License-Identifier: Apache-2.0 */
/*
 * target.h - a process that is being traced: finds its trace file, reads it, asks it for something.
 *
 * The process is never stopped and gets no signal.
 */
#ifndef MODEL_TARGET_H
#define MODEL_TARGET_H

#include <stdint.h>
#include <sys/types.h>

#include "base/error.h"
#include "model/input.h"
#include "model/snapshot.h"

struct target {
	pid_t pid;
	pid_t task;		 /* by which its memory is reached: process_task() */
	struct input input;	 /* its trace file, or what it has mapped of it */
	char *path;		 /* as /proc/PID/maps names it */
	uint64_t header_address; /* of the file's first byte in the process; 0 = not mapped there */
};

/**
 * target_open() - find the trace file of a process.
 *
 * Looks into /proc/PID/maps and opens what it names, compared by inode, below the process's root if need
 * be; a deleted file through /proc/PID/map_files, else the process's memory is read.
 *
 * Return: 0; -ENOENT no such process; -ENODATA it is not traced; -EACCES or -EPERM a right is missing, which
 * error names.
 */
int target_open(pid_t pid, struct target *target, struct error *error);
void target_close(struct target *target);

/**
 * target_load() - load the live file of a process, with the resident set read at the same moment.
 */
int target_load(pid_t pid, struct snapshot **out, struct error *error);

/**
 * target_control() - ask for something and wait until it is done.
 *
 * Return: 0 done; -EINPROGRESS the request stands behind those before it, the process has not allocated since;
 * -EBUSY it was not taken; another negative errno. In all but the first case error says it in one line.
 */
int target_control(pid_t pid, enum mt_command command, struct error *error);

#endif
