/* SPDX-License-Identifier: Apache-2.0 */
/*
 * interrupted_vdso.c - a timer's handler allocates when it has interrupted the code that the kernel maps into
 * every process.
 */
#include "truth.h"

#include <signal.h>
#include <stdint.h>
#include <sys/auxv.h>
#include <sys/time.h>
#include <time.h>
#include <ucontext.h>

#define WANTED 20
#define VDSO_BYTES 8192

static volatile sig_atomic_t found;
static struct truth truth = {.function = "site_above_vdso"};

static SITE void site_above_vdso(void)
{
	(void)!malloc(64);
	KEEP_FRAME();
	truth_alloc(&truth, 64);
}

static void handle(int signal, siginfo_t *info, void *context)
{
	uintptr_t ip = (uintptr_t)((ucontext_t *)context)->uc_mcontext.gregs[REG_RIP];

	(void)signal;
	(void)info;
	if (ip - getauxval(AT_SYSINFO_EHDR) >= VDSO_BYTES || found >= WANTED)
		return;
	site_above_vdso();
	found++;
}

static SITE void site_telling_time(void)
{
	struct timespec now;

	for (int i = 0; i < 1000; i++)
		clock_gettime(CLOCK_MONOTONIC_COARSE, &now);
	KEEP_FRAME();
}

int main(void)
{
	struct sigaction action = {.sa_sigaction = handle, .sa_flags = SA_SIGINFO};
	struct itimerval timer = {{0, 300}, {0, 300}};

	truth_require(getauxval(AT_SYSINFO_EHDR) != 0, "a vdso");
	sigaction(SIGPROF, &action, NULL);
	setitimer(ITIMER_PROF, &timer, NULL);
	while (found < WANTED)
		site_telling_time();
	timer = (struct itimerval){0};
	setitimer(ITIMER_PROF, &timer, NULL);
	truth_tell(&truth);
	return 0;
}
