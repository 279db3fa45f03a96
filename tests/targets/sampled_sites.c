/* SPDX-License-Identifier: Apache-2.0 */
/*
 * sampled_sites.c - functions that allocate known numbers of blocks of known sizes, some of which live on; of
 * half of the functions all blocks have one size, of the others sizes differ.
 *
 * usage: sampled_sites [threads|fork]
 */
#include "truth.h"

#include <pthread.h>
#include <stdint.h>
#include <sys/wait.h>

/* name, smallest size, largest size, blocks, part that lives on: 1 of so many, 0 = none */
#define SITES(X)                                                                                   \
	X(site_a, 16, 16, 20000, 1)                                                                \
	X(site_b, 24, 24, 40000, 4)                                                                \
	X(site_c, 32, 32, 80000, 16)                                                               \
	X(site_d, 100, 100, 5000, 1)                                                               \
	X(site_e, 100, 100, 50000, 0)                                                              \
	X(site_f, 500, 500, 1500, 2)                                                               \
	X(site_g, 500, 500, 6000, 3)                                                               \
	X(site_h, 1000, 1000, 700, 1)                                                              \
	X(site_i, 1000, 1000, 3000, 0)                                                             \
	X(site_j, 4000, 4000, 150, 1)                                                              \
	X(site_k, 4000, 4000, 900, 2)                                                              \
	X(site_l, 10000, 10000, 60, 1)                                                             \
	X(site_m, 20000, 20000, 40, 1)                                                             \
	X(site_n, 30000, 30000, 40, 0)                                                             \
	X(site_o, 60000, 60000, 30, 1)                                                             \
	X(site_p, 70000, 70000, 20, 2)                                                             \
	X(site_q, 16, 48, 30000, 1)                                                                \
	X(site_r, 16, 48, 90000, 7)                                                                \
	X(site_s, 64, 256, 4000, 1)                                                                \
	X(site_t, 64, 256, 16000, 5)                                                               \
	X(site_u, 200, 1000, 1200, 1)                                                              \
	X(site_v, 200, 1000, 9000, 0)                                                              \
	X(site_w, 2000, 4000, 400, 1)                                                              \
	X(site_x, 2000, 8000, 800, 3)                                                              \
	X(site_y, 9000, 40000, 60, 1)                                                              \
	X(site_z, 50000, 90000, 40, 1)

static uint32_t random_state;

static size_t pick_size(size_t low, size_t high)
{
	random_state = random_state * 1664525u + 1013904223u;
	return low + (random_state >> 8) % (high - low + 1);
}

#define DEFINE(name, low, high, blocks, kept)                                                      \
	static struct truth truth_##name = {.function = #name};                                    \
                                                                                                   \
	static SITE void *name(size_t bytes)                                                       \
	{                                                                                          \
		void *p = malloc(bytes);                                                           \
                                                                                                   \
		KEEP_FRAME();                                                                      \
		truth_alloc(&truth_##name, bytes);                                                 \
		return p;                                                                          \
	}
SITES(DEFINE)

static const struct site {
	void *(*make)(size_t bytes);
	struct truth *truth;
	size_t low, high;
	int blocks, kept;
} sites[] = {
#define ROW(name, low, high, blocks, kept) {name, &truth_##name, low, high, blocks, kept},
	SITES(ROW)};

#define COUNT (sizeof(sites) / sizeof(sites[0]))

/* Blocks are freed a little later, among those of other functions. */
#define LATER 64

static struct {
	void *block;
	size_t bytes;
	struct truth *truth;
} later[LATER];

static void free_later(void *block, size_t bytes, struct truth *truth, unsigned at)
{
	if (later[at].block != NULL) {
		free(later[at].block);
		truth_free(later[at].truth, later[at].bytes);
	}
	later[at].block = block;
	later[at].bytes = bytes;
	later[at].truth = truth;
}

static void run(const struct site *site)
{
	for (int i = 0; i < site->blocks; i++) {
		size_t bytes = pick_size(site->low, site->high);
		void *block = site->make(bytes);

		if (site->kept == 0 || i % site->kept != 0)
			free_later(block, bytes, site->truth, (unsigned)i % LATER);
	}
}

static void run_all(void)
{
	for (size_t i = 0; i < COUNT; i++)
		run(&sites[i]);
}

static void *run_in_thread(void *site)
{
	run(site);
	return NULL;
}

/* One thread after another, each of which has samples of its own. */
static void run_in_threads(void)
{
	for (size_t i = 0; i < COUNT; i++) {
		struct site site = sites[i];
		pthread_t thread;

		truth_require(!pthread_create(&thread, NULL, run_in_thread, &site), "thread");
		pthread_join(thread, NULL);
	}
}

static void tell_all(void)
{
	for (unsigned i = 0; i < LATER; i++)
		free_later(NULL, 0, NULL, i);
	for (size_t i = 0; i < COUNT; i++)
		truth_tell(sites[i].truth);
}

/* The child begins with what the parent has, and does something of its own. */
static void run_in_child(void)
{
	pid_t child;

	run_all();
	tell_all();
	child = fork();
	truth_require(child >= 0, "fork");
	if (child == 0) {
		for (size_t i = 0; i < COUNT; i++)
			truth_inherit(sites[i].truth);
		run(&sites[0]);
		run(&sites[COUNT - 1]);
		tell_all();
		exit(0);
	}
	waitpid(child, NULL, 0);
}

int main(int argc, char **argv)
{
	if (argc > 1 && strcmp(argv[1], "threads") == 0)
		run_in_threads();
	else if (argc > 1 && strcmp(argv[1], "fork") == 0)
		run_in_child();
	else
		run_all();
	if (argc < 2 || strcmp(argv[1], "fork") != 0)
		tell_all();
	return 0;
}
