/* SPDX-License-Identifier: Apache-2.0 */
/*
 * reused_stderr.c - makes its standard error a file of its own, and goes on so that much cannot be recorded: call stacks,
 * blocks and a child without room, frees of what is no block. Runs over odd_allocator, whose free() does nothing.
 *
 * usage: reused_stderr FILE
 */
#include "paths.h"

#include <sys/resource.h>
#include <sys/wait.h>

#define STACKS 30000u
#define BLOCKS (3 * STACKS)

static SITE void *site_of_many(size_t bytes)
{
	void *p = malloc(bytes);

	KEEP_FRAME();
	return p;
}

static void free_what_is_none(void)
{
	char *volatile block = malloc(100);

	free(block + 16);
	free(block);
	free(block);
}

static void fork_without_room(void)
{
	int status;
	pid_t child = fork();

	truth_require(child >= 0, "fork");
	if (child == 0)
		_exit(site_of_many(40) == NULL);
	truth_require(waitpid(child, &status, 0) == child && status == 0, "child");
}

int main(int argc, char **argv)
{
	struct rlimit none = {4096, 4096};

	truth_require(argc == 2 && site_of_many(40) != NULL, "usage");
	close(STDERR_FILENO);
	truth_require(open(argv[1], O_WRONLY | O_CREAT | O_TRUNC, 0600) == STDERR_FILENO, "file");
	free_what_is_none();
	truth_require(setrlimit(RLIMIT_AS, &none) == 0, "setrlimit");
	for (unsigned i = 0; i < BLOCKS; i++)
		truth_require(paths_call(i % STACKS, site_of_many, 40) != NULL, "malloc");
	fork_without_room();
	free_what_is_none();
	return 0;
}
