/* SPDX-License-Identifier: Apache-2.0 */
/*
 * spawn_children.c - starts copies of itself by vfork and by posix_spawn; the vfork child allocates from
 * the parent's heap before it execs.
 */
#include "truth.h"

#include <spawn.h>
#include <sys/wait.h>

extern char **environ;

static SITE void *site_parent(void)
{
	void *p = malloc(64);

	KEEP_FRAME();
	return p;
}

static SITE void *site_in_vfork_child(void)
{
	void *p = malloc(96);

	KEEP_FRAME();
	return p;
}

static SITE void *site_spawned(void)
{
	void *p = malloc(32);

	KEEP_FRAME();
	return p;
}

static int run_spawned(void)
{
	struct truth t = {.function = "site_spawned"};

	for (int i = 0; i < 7; i++) {
		(void)!site_spawned();
		truth_alloc(&t, 32);
	}
	truth_tell(&t);
	return 0;
}

static SITE pid_t start_by_vfork(char **arguments)
{
	pid_t child = vfork();

	if (child == 0) {
		/* The parent's memory: what is kept here is the parent's. */
		free(site_in_vfork_child());
		(void)!site_in_vfork_child();
		execv("/proc/self/exe", arguments);
		_exit(127);
	}
	return child;
}

int main(int argc, char **argv)
{
	struct truth parent = {.function = "site_parent"};
	struct truth shared = {.function = "site_in_vfork_child"};
	char argument[] = "spawned";
	char *arguments[] = {argv[0], argument, NULL};

	if (argc > 1)
		return run_spawned();
	for (int i = 0; i < 6; i++) {
		int status, is_vfork = i % 2 == 0;
		pid_t child = -1;

		free(site_parent());
		truth_alloc(&parent, 64);
		truth_free(&parent, 64);
		if (is_vfork) {
			child = start_by_vfork(arguments);
			truth_alloc(&shared, 96);
			truth_free(&shared, 96);
			truth_alloc(&shared, 96);
		} else {
			truth_require(posix_spawn(&child, "/proc/self/exe", NULL, NULL, arguments,
						  environ) == 0,
				      "posix_spawn");
		}
		truth_require(child > 0 && waitpid(child, &status, 0) == child && status == 0,
			      "child");
	}
	truth_tell(&parent);
	truth_tell(&shared);
	return 0;
}
