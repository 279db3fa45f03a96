/* SPDX-License-Identifier: Apache-2.0 */
/*
 * limited.c - lowers a limit of its own and goes on allocating from ever more call stacks, with memory it has.
 *
 * usage: limited AS|DATA|FSIZE|MEMLOCK|NOFILE|none STACKS
 *
 * AS and DATA are set to what is in use, the others to next to nothing.
 */
#include "paths.h"

#include <signal.h>
#include <sys/resource.h>

static volatile sig_atomic_t signals;

static void count_signal(int signal)
{
	(void)signal;
	signals++;
}

static SITE void *site_free(size_t bytes)
{
	void *p = malloc(bytes);

	KEEP_FRAME();
	return p;
}

static SITE void *site_limited(size_t bytes)
{
	void *p = malloc(bytes);

	KEEP_FRAME();
	return p;
}

static const struct {
	const char *name;
	int resource;
	rlim_t bytes;
} limits[] = {
	{"AS", RLIMIT_AS, 4096},	{"DATA", RLIMIT_DATA, 4096},  {"FSIZE", RLIMIT_FSIZE, 4096},
	{"MEMLOCK", RLIMIT_MEMLOCK, 0}, {"NOFILE", RLIMIT_NOFILE, 4},
};

static void set_limit(const char *name)
{
	for (size_t i = 0; i < sizeof(limits) / sizeof(limits[0]); i++) {
		struct rlimit limit = {limits[i].bytes, limits[i].bytes};

		if (strcmp(limits[i].name, name) == 0)
			truth_require(setrlimit((__rlimit_resource_t)limits[i].resource, &limit) ==
					      0,
				      "setrlimit");
	}
}

int main(int argc, char **argv)
{
	struct truth before = {.function = "site_free"}, limited = {.function = "site_limited"};
	int stacks = argc > 2 ? atoi(argv[2]) : 0;
	void **blocks = malloc((size_t)stacks * sizeof(*blocks));

	truth_require(argc == 3 && stacks <= (int)PATHS_MAX && blocks != NULL, "usage");
	signal(SIGXFSZ, count_signal);
	signal(SIGBUS, count_signal);
	for (int i = 0; i < stacks; i++) {
		blocks[i] = site_free(40);
		truth_require(blocks[i] != NULL, "malloc");
		truth_alloc(&before, 40);
	}
	for (int i = 0; i < stacks; i++) {
		free(blocks[i]);
		truth_free(&before, 40);
	}
	set_limit(argv[1]);
	for (int i = 0; i < stacks; i++) {
		blocks[i] = paths_call((unsigned)i, site_limited, 40);
		truth_require(blocks[i] != NULL, "malloc within the limit");
		truth_alloc(&limited, 40);
	}
	truth_require(signals == 0, "a signal");
	signal(SIGXFSZ, SIG_IGN);
	printf("%d stacks\n", stacks);
	truth_number("before", before.alloc_count);
	truth_tell(&limited);
	return 0;
}
