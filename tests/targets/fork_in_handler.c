/* SPDX-License-Identifier: Apache-2.0 */
/*
 * fork_in_handler.c - a timer's handler forks in the middle of recording; the child allocates in the handler and ends
 * there. By _Fork() with "raw".
 */
#include "truth.h"

#include "memtrace/memtrace.h"

#include <signal.h>
#include <stdint.h>
#include <sys/time.h>
#include <sys/wait.h>

#define FORKS 300
#define BLOCKS 50
#define INTERRUPTED_BYTES 8
#define CHILD_BYTES 90

static volatile sig_atomic_t forks, is_raw;

static SITE void site_interrupted(uintptr_t address)
{
	memtrace_report_alloc((void *)address, INTERRUPTED_BYTES);
	KEEP_FRAME();
}

static SITE void *site_in_child(void)
{
	void *p = malloc(CHILD_BYTES);

	KEEP_FRAME();
	return p;
}

static void run_child(void)
{
	struct truth t = {.function = "site_in_child"};

	for (int i = 0; i < BLOCKS; i++) {
		void *p = site_in_child();

		truth_alloc(&t, CHILD_BYTES);
		if (i % 2) {
			free(p);
			truth_free(&t, CHILD_BYTES);
		}
	}
	truth_tell(&t);
	_exit(0);
}

static void handle(int signal)
{
	int status;
	pid_t child;

	(void)signal;
	if (forks >= FORKS)
		return;
	child = is_raw ? _Fork() : fork();
	if (child == 0)
		run_child();
	truth_require(child > 0 && waitpid(child, &status, 0) == child && status == 0, "child");
	forks++;
}

int main(int argc, char **argv)
{
	struct sigaction action = {.sa_handler = handle};
	struct itimerval timer = {.it_interval = {0, 300}, .it_value = {0, 300}};
	struct truth t = {.function = "site_interrupted"};

	is_raw = argc > 1 && !strcmp(argv[1], "raw");
	sigaction(SIGPROF, &action, NULL);
	setitimer(ITIMER_PROF, &timer, NULL);
	for (uintptr_t address = 0x100000000u; forks < FORKS; address += 16) {
		site_interrupted(address);
		truth_alloc(&t, INTERRUPTED_BYTES);
		memtrace_report_free((void *)address);
		truth_free(&t, INTERRUPTED_BYTES);
	}
	timer = (struct itimerval){0};
	setitimer(ITIMER_PROF, &timer, NULL);
	truth_tell(&t);
	truth_number("forks", forks);
	return 0;
}
