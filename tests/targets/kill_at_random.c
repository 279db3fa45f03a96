/* SPDX-License-Identifier: Apache-2.0 */
/*
 * kill_at_random.c - allocates and frees until it is killed, and tells each step before and after it takes
 * it, in shared memory that outlives it: what was completed is known to the call.
 *
 * usage: kill_at_random FILE THREADS [short]    (short: each thread takes 50 steps, then another starts)
 */
#include "truth.h"

#include <pthread.h>
#include <stdint.h>
#include <sys/mman.h>

#define LANES 8
#define SLOTS 100
#define SHORT_STEPS 50

struct sums {
	uint64_t alloc_count, alloc_bytes, free_count, freed_bytes;
};

/*
 * One per thread. A step is one allocation or one free: the sums as they will be after it are written, then
 * started is raised, the call made, and completed raised. sums[completed % 2] is what is certain,
 * sums[started % 2] what may be.
 */
struct lane {
	uint64_t started, completed;
	struct sums sums[2];
	uint64_t reserved[6];
};

static struct lane *lanes;
static void *blocks[LANES][SLOTS];
static size_t sizes[LANES][SLOTS];
static uint32_t seeds[LANES];
static int is_short;

static SITE void *site_until_killed(size_t bytes)
{
	void *p = malloc(bytes);

	KEEP_FRAME();
	return p;
}

static uint32_t draw(uint32_t *seed)
{
	*seed = *seed * 1664525u + 1013904223u;
	return *seed >> 8;
}

static void start_step(struct lane *lane, const struct sums *after)
{
	lane->sums[(lane->started + 1) % 2] = *after;
	__atomic_store_n(&lane->started, lane->started + 1, __ATOMIC_RELEASE);
}

static void complete_step(struct lane *lane)
{
	__atomic_store_n(&lane->completed, lane->completed + 1, __ATOMIC_RELEASE);
}

static void take_step(int index)
{
	struct lane *lane = &lanes[index];
	struct sums after = lane->sums[lane->started % 2];
	uint32_t slot = draw(&seeds[index]) % SLOTS;

	if (blocks[index][slot]) {
		after.free_count++;
		after.freed_bytes += sizes[index][slot];
		start_step(lane, &after);
		free(blocks[index][slot]);
		blocks[index][slot] = NULL;
	} else {
		sizes[index][slot] = 1 + draw(&seeds[index]) % 500;
		after.alloc_count++;
		after.alloc_bytes += sizes[index][slot];
		start_step(lane, &after);
		blocks[index][slot] = site_until_killed(sizes[index][slot]);
	}
	complete_step(lane);
}

static void *run_lane(void *argument)
{
	int index = (int)(intptr_t)argument;

	for (long i = 0; !is_short || i < SHORT_STEPS; i++)
		take_step(index);
	return NULL;
}

static void *rerun_lane(void *argument)
{
	pthread_t thread;

	for (;;) {
		truth_require(!pthread_create(&thread, NULL, run_lane, argument), "thread");
		pthread_join(thread, NULL);
	}
	return NULL;
}

int main(int argc, char **argv)
{
	int fd, threads = argc > 2 ? atoi(argv[2]) : 1;
	pthread_t thread;

	truth_require(argc > 2 && threads >= 1 && threads <= LANES, "usage");
	is_short = argc > 3;
	fd = open(argv[1], O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	truth_require(fd >= 0 && ftruncate(fd, LANES * sizeof(struct lane)) == 0, "file");
	lanes = mmap(NULL, LANES * sizeof(struct lane), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	truth_require(lanes != MAP_FAILED, "mmap");
	close(fd);
	for (int i = 0; i < LANES; i++)
		seeds[i] = (uint32_t)getpid() * 77u + (uint32_t)i;
	for (intptr_t i = 1; i < threads; i++)
		truth_require(!pthread_create(&thread, NULL, is_short ? rerun_lane : run_lane,
					      (void *)i),
			      "thread");
	(is_short ? rerun_lane : run_lane)(NULL);
	return 0;
}
