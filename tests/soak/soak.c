/* SPDX-License-Identifier: Apache-2.0 */
/*
 * soak.c - threads, signals, children and libraries at the same time, until standard input says "end".
 *
 * usage: soak LIBRARY_A LIBRARY_B SECONDS_BETWEEN_CHECKPOINTS
 *
 * At a checkpoint all stand still, the counts of each kind are told, "checkpoint" is written to standard output
 * and a line is read.
 */
#include <pthread.h>
#include <sys/resource.h>

#include "children.h"
#include "handlers.h"
#include "kinds.h"
#include "loading.h"
#include "truth.h"
#include "work.h"

#define WORKERS 3

static pthread_barrier_t all_stand, all_go;
static volatile int is_checkpoint, is_over;

/* Where every thread comes by; false: it is to end. */
static int gate(void)
{
	if (is_checkpoint) {
		handlers_hold(true);
		pthread_barrier_wait(&all_stand);
		pthread_barrier_wait(&all_go);
		handlers_hold(false);
	}
	return !is_over;
}

static void *run_worker(void *argument)
{
	struct worker *worker = argument;

	handlers_start(worker->number == 0);
	while (gate())
		work_step(worker);
	work_end(worker);
	handlers_stop();
	return NULL;
}

/* A job that is done over and over, with a pause in between. */
struct job {
	void (*step)(void);
	useconds_t pause_us;
};

static void *run_job(void *argument)
{
	const struct job *job = argument;

	while (gate()) {
		job->step();
		usleep(job->pause_us);
	}
	return NULL;
}

static const struct job jobs[] = {
	{work_short_threads, 2000},
	{loading_next, 5000},
	{children_next, 200000},
};

#define JOBS (sizeof(jobs) / sizeof(jobs[0]))

static void checkpoint(const char *name)
{
	char line[16];
	ssize_t bytes;

	kind_tell((enum kind)0, KIND_COUNT - 1);
	truth_number("jumps", handlers_jumps());
	truth_require(write(1, name, strlen(name)) > 0, "standard output");
	bytes = read(0, line, sizeof(line));
	is_over = bytes <= 0 || strncmp(line, "end", 3) == 0;
}

int main(int argc, char **argv)
{
	struct rlimit no_core = {0, 0};
	pthread_t threads[WORKERS + JOBS];
	struct worker *workers = calloc(WORKERS, sizeof(*workers));

	if (argc == 2)
		return children_image();
	truth_require(argc == 4 && workers != NULL, "usage: soak A B SECONDS");
	setrlimit(RLIMIT_CORE, &no_core);
	pthread_barrier_init(&all_stand, NULL, WORKERS + JOBS + 1);
	pthread_barrier_init(&all_go, NULL, WORKERS + JOBS + 1);
	loading_init(argv[1], argv[2]);
	children_init();
	handlers_init();
	for (int i = 0; i < WORKERS; i++) {
		workers[i].number = i;
		truth_require(!pthread_create(&threads[i], NULL, run_worker, &workers[i]),
			      "thread");
	}
	for (size_t i = 0; i < JOBS; i++)
		truth_require(!pthread_create(&threads[WORKERS + i], NULL, run_job,
					      (void *)&jobs[i]),
			      "thread");
	while (!is_over) {
		sleep((unsigned)atoi(argv[3]));
		is_checkpoint = 1;
		pthread_barrier_wait(&all_stand);
		checkpoint("checkpoint\n");
		is_checkpoint = 0;
		pthread_barrier_wait(&all_go);
	}
	for (size_t i = 0; i < WORKERS + JOBS; i++)
		pthread_join(threads[i], NULL);
	work_take_back();
	checkpoint("end\n");
	return 0;
}
