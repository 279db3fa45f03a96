/* SPDX-License-Identifier: Apache-2.0 */
/*
 * shared_memory_children.c - children by clone() in this process's own memory, with and without waiting for them:
 * what they allocate is this process's.
 */
#include "truth.h"

#include <sched.h>
#include <sys/wait.h>

#define CHILDREN 6
#define BLOCKS 100
#define BYTES 64
#define STACK_BYTES 262144

static void *left[BLOCKS];

static SITE void *site_in_clone(void)
{
	void *p = malloc(BYTES);

	KEEP_FRAME();
	return p;
}

/* Frees what the last one has left, and leaves as much. */
static int run_child(void *argument)
{
	(void)argument;
	for (int i = 0; i < BLOCKS; i++) {
		free(left[i]);
		left[i] = site_in_clone();
		free(site_in_clone());
	}
	return 0;
}

int main(void)
{
	static char stack[STACK_BYTES] __attribute__((aligned(16)));
	struct truth t = {.function = "site_in_clone"};

	for (int i = 0; i < CHILDREN; i++) {
		int status, flags = i % 2 != 0 ? CLONE_VM | CLONE_VFORK : CLONE_VM;
		pid_t child = clone(run_child, stack + STACK_BYTES, flags | SIGCHLD, NULL);

		truth_require(child > 0 && waitpid(child, &status, 0) == child && status == 0,
			      "child");
	}
	for (int i = 0; i < CHILDREN * BLOCKS; i++) {
		truth_alloc(&t, BYTES);
		truth_alloc(&t, BYTES);
		truth_free(&t, BYTES);
		if (i >= BLOCKS)
			truth_free(&t, BYTES);
	}
	truth_tell(&t);
	return 0;
}
