/* SPDX-License-Identifier: Apache-2.0 */
/*
 * work.c - what the threads of the soak do.
 */
#include "work.h"

#include <pthread.h>
#include <semaphore.h>

#include "handlers.h"
#include "kinds.h"
#include "truth.h"

#define STEP_EVENTS 200
#define HANDED_SLOTS 64
#define HANDED_BYTES 72
#define RESIZED_BYTES_MAX 70000
#define SHORT_BYTES 33
#define POOL_BYTES 40

static void *handed[HANDED_SLOTS];

static uint32_t draw(uint32_t *seed)
{
	*seed = *seed * 1664525u + 1013904223u;
	return *seed >> 8;
}

static void use_blocks(struct worker *worker)
{
	for (int i = 0; i < STEP_EVENTS; i++) {
		uint32_t slot = draw(&worker->seed) % WORK_SLOTS;

		if (worker->blocks[slot] != NULL) {
			kind_free(KIND_WORKER, worker->blocks[slot], worker->sizes[slot]);
			worker->blocks[slot] = NULL;
			continue;
		}
		worker->sizes[slot] = 1 + draw(&worker->seed) % 2000;
		worker->blocks[slot] = kind_malloc(KIND_WORKER, worker->sizes[slot]);
	}
}

/* Leaves a block for whoever comes by next, and frees what was left. */
static void hand_over(struct worker *worker)
{
	for (int i = 0; i < STEP_EVENTS; i++) {
		void *block = kind_malloc(KIND_HANDED, HANDED_BYTES);

		block = __atomic_exchange_n(&handed[draw(&worker->seed) % HANDED_SLOTS], block,
					    __ATOMIC_ACQ_REL);
		kind_free(KIND_HANDED, block, HANDED_BYTES);
	}
}

static void resize(struct worker *worker)
{
	for (int i = 0; i < STEP_EVENTS / 10; i++) {
		size_t bytes = 1 + draw(&worker->seed) % RESIZED_BYTES_MAX;

		worker->resized = kind_realloc(worker->resized, worker->resized_bytes, bytes);
		worker->resized_bytes = bytes;
	}
}

static void report(struct worker *worker)
{
	for (int i = 0; i < STEP_EVENTS; i++) {
		uint32_t slot = draw(&worker->seed) % WORK_SLOTS;

		if (worker->reported[slot] != 0)
			kind_report_free(KIND_POOL, worker->reported[slot], POOL_BYTES);
		worker->reported[slot] = kind_next_address();
		kind_report(KIND_POOL, worker->reported[slot], POOL_BYTES);
	}
}

void work_step(struct worker *worker)
{
	use_blocks(worker);
	hand_over(worker);
	resize(worker);
	report(worker);
	handlers_raise();
	handlers_be_interrupted();
}

void work_end(struct worker *worker)
{
	for (size_t slot = 0; slot < WORK_SLOTS; slot++) {
		kind_free(KIND_WORKER, worker->blocks[slot], worker->sizes[slot]);
		if (worker->reported[slot] != 0)
			kind_report_free(KIND_POOL, worker->reported[slot], POOL_BYTES);
	}
	kind_free(KIND_RESIZED, worker->resized, worker->resized_bytes);
}

void work_take_back(void)
{
	for (size_t slot = 0; slot < HANDED_SLOTS; slot++)
		kind_free(KIND_HANDED, handed[slot], HANDED_BYTES);
}

/* ---- threads that live shortly ---- */

enum end { END_RETURN, END_EXIT, END_CANCELLED, END_DETACHED, END_COUNT };

static pthread_key_t key;
static pthread_once_t key_once = PTHREAD_ONCE_INIT;
static sem_t detached_has_ended;

static void free_short(void *block)
{
	kind_free(KIND_SHORT, block, SHORT_BYTES);
	kind_free(KIND_SHORT, kind_malloc(KIND_SHORT, SHORT_BYTES), SHORT_BYTES);
}

static void free_last(void *block)
{
	free_short(block);
	sem_post(&detached_has_ended);
}

static void make_key(void)
{
	sem_init(&detached_has_ended, 0, 0);
	truth_require(!pthread_key_create(&key, free_short), "key");
}

static void wait_to_be_cancelled(void)
{
	pthread_cleanup_push(free_short, kind_malloc(KIND_SHORT, SHORT_BYTES));
	for (;;)
		pause();
	pthread_cleanup_pop(0);
}

static void *live_shortly(void *argument)
{
	enum end end = (enum end)(intptr_t)argument;

	for (int i = 0; i < 20; i++)
		kind_free(KIND_SHORT, kind_malloc(KIND_SHORT, SHORT_BYTES), SHORT_BYTES);
	if (end == END_DETACHED) {
		free_last(kind_malloc(KIND_SHORT, SHORT_BYTES));
		return NULL;
	}
	pthread_setspecific(key, kind_malloc(KIND_SHORT, SHORT_BYTES));
	if (end == END_EXIT)
		pthread_exit(NULL);
	if (end == END_CANCELLED)
		wait_to_be_cancelled();
	return NULL;
}

void work_short_threads(void)
{
	pthread_t threads[END_COUNT];

	pthread_once(&key_once, make_key);
	for (int end = 0; end < END_COUNT; end++)
		truth_require(!pthread_create(&threads[end], NULL, live_shortly,
					      (void *)(intptr_t)end),
			      "thread");
	pthread_cancel(threads[END_CANCELLED]);
	for (int end = 0; end < END_DETACHED; end++)
		pthread_join(threads[end], NULL);
	pthread_detach(threads[END_DETACHED]);
	while (sem_wait(&detached_has_ended) != 0)
		;
}
