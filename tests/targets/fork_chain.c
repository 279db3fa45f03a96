/* SPDX-License-Identifier: Apache-2.0 */
/*
 * fork_chain.c - a child's child's child, and so on: each generation frees a block that it has inherited, allocates
 * one, and ends with the status of the next. The last one tells, and how its mappings have grown.
 *
 * usage: fork_chain GENERATIONS
 */
#include "truth.h"

#include <sys/wait.h>

#define BYTES 40
#define SETTLED 5 /* generations until everything has been made once */

static SITE void *site_in_chain(void)
{
	void *p = malloc(BYTES);

	KEEP_FRAME();
	return p;
}

/* Lines of /proc/self/maps, without allocating. */
static long count_mappings(void)
{
	char text[4096];
	int fd = open("/proc/self/maps", O_RDONLY | O_CLOEXEC);
	long count = 0;
	ssize_t bytes;

	truth_require(fd >= 0, "maps");
	while ((bytes = read(fd, text, sizeof(text))) > 0)
		for (ssize_t i = 0; i < bytes; i++)
			count += text[i] == '\n';
	close(fd);
	return count;
}

int main(int argc, char **argv)
{
	struct truth t = {.function = "site_in_chain"};
	long generations = argc > 1 ? atol(argv[1]) : 0, mappings = 0;
	void *block = site_in_chain();

	truth_require(generations > SETTLED, "usage: fork_chain GENERATIONS");
	truth_alloc(&t, BYTES);
	for (long i = 0; i < generations; i++) {
		int status;
		pid_t child = fork();

		truth_require(child >= 0, "fork");
		if (child != 0) {
			truth_require(waitpid(child, &status, 0) == child && status == 0, "child");
			return 0;
		}
		truth_inherit(&t);
		free(block);
		truth_free(&t, BYTES);
		block = site_in_chain();
		truth_alloc(&t, BYTES);
		if (i == SETTLED)
			mappings = count_mappings();
	}
	truth_tell(&t);
	truth_number("mappings", mappings);
	truth_number("mappings at the end", count_mappings());
	return 0;
}
