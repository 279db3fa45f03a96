/* SPDX-License-Identifier: Apache-2.0 */
/*
 * thread_crowd.c - ROUNDS times THREADS threads at once: each allocates twice, waits until all have, frees one
 * block of its own and what its predecessor of the round before left, and ends. Tells the resident set while all
 * threads of a round are there.
 *
 * usage: thread_crowd THREADS ROUNDS [KEYS]    with so many thread keys taken before anybody else can
 */
#include "truth.h"

#include <malloc.h>
#include <pthread.h>
#include <stdint.h>

#define THREADS_MAX 1000
#define STACK_BYTES ((size_t)64 << 10)

static pthread_barrier_t all_are_here, may_go_on;
static void *left_behind[THREADS_MAX];

static SITE void *site_of_crowd(size_t bytes)
{
	void *p = malloc(bytes);

	KEEP_FRAME();
	return p;
}

static size_t size_of(intptr_t number)
{
	return (size_t)(number % 300);
}

static void *live(void *argument)
{
	intptr_t number = (intptr_t)argument;
	void *own = site_of_crowd(size_of(number)), *next = site_of_crowd(size_of(number));

	pthread_barrier_wait(&all_are_here);
	pthread_barrier_wait(&may_go_on);
	free(own);
	free(left_behind[number]);
	left_behind[number] = next;
	return NULL;
}

static long resident_kib(void)
{
	char text[128];
	int fd = open("/proc/self/statm", O_RDONLY | O_CLOEXEC);
	ssize_t length = read(fd, text, sizeof(text) - 1);
	char *space;

	truth_require(fd >= 0 && length > 0, "statm");
	close(fd);
	text[length] = '\0';
	space = strchr(text, ' ');
	truth_require(space != NULL, "statm");
	return strtol(space, NULL, 10) * (sysconf(_SC_PAGESIZE) / 1024);
}

static void run_round(int threads)
{
	static pthread_t handles[THREADS_MAX];
	pthread_attr_t attributes;

	pthread_attr_init(&attributes);
	pthread_attr_setstacksize(&attributes, STACK_BYTES);
	for (intptr_t i = 0; i < threads; i++)
		truth_require(!pthread_create(&handles[i], &attributes, live, (void *)i), "thread");
	pthread_attr_destroy(&attributes);
	pthread_barrier_wait(&all_are_here);
	truth_number("resident_kib", resident_kib());
	pthread_barrier_wait(&may_go_on);
	for (int i = 0; i < threads; i++)
		pthread_join(handles[i], NULL);
}

static void take_keys(int argc, char **argv, char **environment)
{
	int count = argc > 3 ? atoi(argv[3]) : 0;
	pthread_key_t key;

	(void)environment;
	while (count-- > 0)
		if (pthread_key_create(&key, NULL) != 0)
			_exit(96);
}

static __attribute__((section(".preinit_array"), used)) void (*before_all)(int, char **,
									   char **) = take_keys;

int main(int argc, char **argv)
{
	struct truth t = {.function = "site_of_crowd"};
	int threads = argc > 2 ? atoi(argv[1]) : 0, rounds = argc > 2 ? atoi(argv[2]) : 0;

	truth_require(threads > 0 && threads <= THREADS_MAX && rounds > 0, "usage");
	mallopt(M_ARENA_MAX, 1); /* the resident set is to be the tracer's */
	pthread_barrier_init(&all_are_here, NULL, (unsigned)threads + 1);
	pthread_barrier_init(&may_go_on, NULL, (unsigned)threads + 1);
	for (int round = 0; round < rounds; round++)
		run_round(threads);
	for (int round = 0; round < rounds; round++)
		for (int i = 0; i < threads; i++) {
			truth_alloc(&t, size_of(i));
			truth_alloc(&t, size_of(i));
			truth_free(&t, size_of(i));
			if (round > 0)
				truth_free(&t, size_of(i));
		}
	truth_tell(&t);
	return 0;
}
