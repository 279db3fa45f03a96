/* SPDX-License-Identifier: Apache-2.0 */
/*
 * longjmp_from_handler.c - a handler that interrupts recording at any point never returns but jumps out;
 * what follows must still be recorded in full.
 */
#include "truth.h"

#include "memtrace/memtrace.h"

#include <setjmp.h>
#include <signal.h>
#include <stdint.h>
#include <sys/time.h>

#define JUMPS 2000

static sigjmp_buf out;
static volatile sig_atomic_t is_armed;

static SITE void site_interrupted(uintptr_t address)
{
	memtrace_report_alloc((void *)address, 8);
	KEEP_FRAME();
}

static SITE void *site_afterwards(size_t bytes)
{
	void *p = malloc(bytes);

	KEEP_FRAME();
	return p;
}

static void jump_out(int signal)
{
	(void)signal;
	if (!is_armed)
		return;
	is_armed = 0;
	siglongjmp(out, 1);
}

int main(void)
{
	struct sigaction action = {.sa_handler = jump_out};
	struct itimerval timer = {.it_interval = {0, 100}, .it_value = {0, 100}};
	struct truth t = {.function = "site_afterwards"};
	volatile uintptr_t address = 0x100000000u;
	volatile int jumps = 0;

	sigaction(SIGPROF, &action, NULL);
	setitimer(ITIMER_PROF, &timer, NULL);
	while (jumps < JUMPS) {
		if (sigsetjmp(out, 1) == 0) {
			is_armed = 1;
			if (jumps % 8)
				raise(SIGPROF); /* most do not wait for the timer */
			for (;;) {
				site_interrupted(address);
				memtrace_report_free((void *)address);
				address += 16;
			}
		}
		jumps++;
	}
	timer = (struct itimerval){0};
	setitimer(ITIMER_PROF, &timer, NULL);
	for (int i = 0; i < 1000; i++) {
		void *p = site_afterwards(77);

		truth_alloc(&t, 77);
		if (i % 2) {
			free(p);
			truth_free(&t, 77);
		}
	}
	truth_tell(&t);
	truth_number("jumps", jumps);
	return 0;
}
