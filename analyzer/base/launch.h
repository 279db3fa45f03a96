/* SPDX-License-Identifier: Apache-2.0 */
/*
 * launch.h - starts a program and stands beside it until it ends, as if it had been started directly.
 */
#ifndef BASE_LAUNCH_H
#define BASE_LAUNCH_H

#include <stdint.h>
#include <sys/resource.h>
#include <sys/types.h>

struct launch {
	const char *path; /* the file; searched for no further */
	char **argv;
	int (*prepare)(void *context); /* in the child, before the program: 0 or a negative errno */
	void *context;
	/* filled in */
	pid_t pid;
	uint64_t start_realtime_ns; /* just before */
	uint64_t elapsed_ns;	    /* from then to its end */
	int wait_status;	    /* as of wait(2) */
	struct rusage usage;
};

/**
 * launch_run() - start the program, wait for its end.
 *
 * The program gets the signal mask and the dispositions that the caller had. While it runs, signals from the
 * terminal reach it directly and are ignored here; those that a process sends to the caller alone are
 * passed on. SIGPIPE is ignored from then on.
 *
 * Return: 0; a negative errno when it could not be started.
 */
int launch_run(struct launch *launch);

/**
 * launch_exit_code() - the status as a shell gives it: 128 + signal for a signal.
 */
int launch_exit_code(int wait_status);

#endif
