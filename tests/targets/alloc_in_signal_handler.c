/* SPDX-License-Identifier: Apache-2.0 */
/*
 * alloc_in_signal_handler.c - a timer's handler records pool blocks while the program records and frees
 * others; the handler may come in the middle of any of our own code. On its own stack with "altstack", on one that is
 * part of the thread's own with "within".
 *
 * malloc in a handler is not allowed while malloc runs, but memtrace_report_alloc() is: it goes through the
 * same tables and never into the allocator.
 */
#include "truth.h"

#include "memtrace/memtrace.h"

#include <signal.h>
#include <stdint.h>
#include <sys/time.h>

#define HANDLER_RUNS 3000
#define PATHS 4000
#define STACK_BYTES 65536

static volatile sig_atomic_t runs;

static SITE void site_in_handler(uintptr_t address)
{
	memtrace_report_alloc((void *)address, 1000);
	KEEP_FRAME();
}

static SITE void site_in_program(uintptr_t address)
{
	memtrace_report_alloc((void *)address, 10);
	KEEP_FRAME();
}

typedef void report_function(uintptr_t address);

static SITE void path_left(unsigned number, report_function *report, uintptr_t address);
static SITE void path_right(unsigned number, report_function *report, uintptr_t address);

/* As many stacks as there are numbers: what is kept of them is made anew again and again. */
static void path(unsigned number, report_function *report, uintptr_t address)
{
	if (number <= 1)
		report(address);
	else if (number % 2 != 0)
		path_left(number / 2, report, address);
	else
		path_right(number / 2, report, address);
	KEEP_FRAME();
}

static SITE void path_left(unsigned number, report_function *report, uintptr_t address)
{
	path(number, report, address);
}

static SITE void path_right(unsigned number, report_function *report, uintptr_t address)
{
	path(number, report, address);
}

static SITE void *site_malloc(void)
{
	void *p = malloc(100);

	KEEP_FRAME();
	return p;
}

static void handle(int signal)
{
	uintptr_t address = 0x100000000u + (uintptr_t)runs * 16;

	(void)signal;
	if (runs >= HANDLER_RUNS)
		return;
	path((unsigned)runs % PATHS, site_in_handler, address);
	if (runs % 4 != 0)
		memtrace_report_free((void *)address);
	runs++;
}

int main(int argc, char **argv)
{
	static char apart[STACK_BYTES];
	char within[STACK_BYTES];
	stack_t alternate = {.ss_sp = apart, .ss_size = STACK_BYTES};
	struct sigaction action = {.sa_handler = handle};
	struct itimerval timer = {.it_interval = {0, 50}, .it_value = {0, 50}};
	struct truth in_handler = {.function = "site_in_handler"};
	struct truth in_program = {.function = "site_in_program"};
	struct truth plain = {.function = "site_malloc"};

	if (argc > 1) {
		if (!strcmp(argv[1], "within"))
			alternate.ss_sp = within;
		sigaltstack(&alternate, NULL);
		action.sa_flags = SA_ONSTACK;
	}
	sigaction(SIGPROF, &action, NULL);
	setitimer(ITIMER_PROF, &timer, NULL);
	for (uintptr_t i = 0; runs < HANDLER_RUNS; i++) {
		raise(SIGPROF);
		path((unsigned)i % PATHS, site_in_program, 0x200000000u + i * 16);
		truth_alloc(&in_program, 10);
		memtrace_report_free((void *)(0x200000000u + i * 16));
		truth_free(&in_program, 10);
		free(site_malloc());
		truth_alloc(&plain, 100);
		truth_free(&plain, 100);
	}
	timer = (struct itimerval){0};
	setitimer(ITIMER_PROF, &timer, NULL);
	for (int i = 0; i < HANDLER_RUNS; i++) {
		truth_alloc(&in_handler, 1000);
		if (i % 4 != 0)
			truth_free(&in_handler, 1000);
	}
	truth_tell(&in_handler);
	truth_tell(&in_program);
	truth_tell(&plain);
	return 0;
}
