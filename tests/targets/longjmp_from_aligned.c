/* SPDX-License-Identifier: Apache-2.0 */
/*
 * longjmp_from_aligned.c - a handler jumps out of an aligned allocation; what follows must be recorded, be it
 * called from further up the stack or from further down. Runs with odd_allocator preloaded.
 */
#include "truth.h"

#include <malloc.h>
#include <setjmp.h>
#include <signal.h>

#include "odd_allocator.h"

#define ROUNDS 30

static sigjmp_buf out;

static void jump_out(int signal)
{
	(void)signal;
	siglongjmp(out, 1);
}

static void raise_signal(void)
{
	raise(SIGUSR1);
}

/* Far below the frame that is jumped to. */
static SITE void interrupted(int round)
{
	volatile char between[512] = {0};
	void *block = NULL;

	if (round % 3 == 0)
		(void)posix_memalign(&block, 64, 100);
	else if (round % 3 == 1)
		block = aligned_alloc(64, 128);
	else
		block = memalign(64, 100);
	_exit(97 + between[round]); /* it has not been interrupted */
}

static SITE void *site_above(size_t bytes)
{
	void *block = malloc(bytes);

	KEEP_FRAME();
	return block;
}

static SITE void *site_below(size_t bytes)
{
	volatile char over[4096];
	void *block;

	for (size_t i = 0; i < sizeof(over); i++)
		over[i] = (char)i;
	block = malloc(bytes);
	KEEP_FRAME();
	return block;
}

static SITE void *site_aligned(size_t bytes)
{
	void *block = aligned_alloc(64, bytes);

	KEEP_FRAME();
	return block;
}

/* One allocation and one free right after a jump, the free first in every other round. */
static void go_on(int round, void *(*allocate)(size_t bytes), struct truth *t)
{
	static void *kept[3];
	void **block = &kept[round % 3];

	if (sigsetjmp(out, 1) == 0) {
		odd_allocator_interrupt(raise_signal);
		interrupted(round);
	}
	odd_allocator_interrupt(NULL);
	if (*block != NULL && round % 2) {
		free(*block);
		truth_free(t, 192);
		*block = NULL;
	}
	*block = allocate(192);
	truth_alloc(t, 192);
}

int main(void)
{
	struct sigaction action = {.sa_handler = jump_out};
	struct truth above = {.function = "site_above"}, below = {.function = "site_below"},
		     aligned = {.function = "site_aligned"};

	sigaction(SIGUSR1, &action, NULL);
	for (int i = 0; i < ROUNDS; i++) {
		go_on(3 * i, site_above, &above);
		go_on(3 * i + 1, site_below, &below);
		go_on(3 * i + 2, site_aligned, &aligned);
	}
	truth_tell(&above);
	truth_tell(&below);
	truth_tell(&aligned);
	return 0;
}
