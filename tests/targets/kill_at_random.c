/* SPDX-License-Identifier: Apache-2.0 */
/*
 * kill_at_random.c - allocates and frees until it is killed, and tells each step before and after it takes
 * it, in shared memory that outlives it: what was completed is known to the call.
 *
 * usage: kill_at_random FILE THREADS [short|ending]
 *
 * short: each thread takes 50 steps, then another starts. ending: it takes two, and more while it ends, in the
 * destructors of a key, before and after the tracer has given up its state.
 */
#include "truth.h"

#include <pthread.h>
#include <stdint.h>
#include <sys/mman.h>

#define LANES 8
#define SLOTS 100
#define SHORT_STEPS 50
#define ENDING_STEPS 2

struct sums {
	uint64_t alloc_count, alloc_bytes, free_count, freed_bytes;
	uint64_t peak_bytes; /* of this lane alone */
};

/*
 * One per thread. A step is one allocation or one free: the sums as they will be after it are written, then
 * started is raised, the call made, and completed raised. sums[completed % 2] is what is certain,
 * sums[started % 2] what may be.
 */
struct lane {
	uint64_t started, completed;
	struct sums sums[2];
	uint64_t reserved[4];
};

static struct lane *lanes;
static void *blocks[LANES][SLOTS];
static size_t sizes[LANES][SLOTS];
static uint32_t seeds[LANES];
static long steps; /* of a thread; 0 = until it is killed */
static pthread_key_t ending;
static int has_ending;

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
		if (after.peak_bytes < after.alloc_bytes - after.freed_bytes)
			after.peak_bytes = after.alloc_bytes - after.freed_bytes;
		start_step(lane, &after);
		blocks[index][slot] = site_until_killed(sizes[index][slot]);
	}
	complete_step(lane);
}

/* argument: number of the lane + 1 */
static void *run_lane(void *argument)
{
	int index = (int)(intptr_t)argument - 1;

	if (has_ending)
		truth_require(!pthread_setspecific(ending, argument), "key");
	for (long i = 0; steps == 0 || i < steps; i++)
		take_step(index);
	return NULL;
}

/* Set again, it is called again: as often as the C library allows. */
static void end_lane(void *argument)
{
	for (int i = 0; i < ENDING_STEPS; i++)
		take_step((int)(intptr_t)argument - 1);
	truth_require(!pthread_setspecific(ending, argument), "key");
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
	if (argc > 3 && strcmp(argv[3], "ending") == 0) {
		truth_require(!pthread_key_create(&ending, end_lane), "key");
		has_ending = 1;
		steps = ENDING_STEPS;
	} else if (argc > 3) {
		steps = SHORT_STEPS;
	}
	fd = open(argv[1], O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	truth_require(fd >= 0 && ftruncate(fd, LANES * sizeof(struct lane)) == 0, "file");
	lanes = mmap(NULL, LANES * sizeof(struct lane), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	truth_require(lanes != MAP_FAILED, "mmap");
	close(fd);
	for (int i = 0; i < LANES; i++)
		seeds[i] = (uint32_t)getpid() * 77u + (uint32_t)i;
	for (intptr_t i = 2; i <= threads; i++)
		truth_require(!pthread_create(&thread, NULL, steps ? rerun_lane : run_lane,
					      (void *)i),
			      "thread");
	(steps ? rerun_lane : run_lane)((void *)(intptr_t)1);
	return 0;
}
