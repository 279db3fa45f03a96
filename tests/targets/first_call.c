/* SPDX-License-Identifier: Apache-2.0 */
/*
 * first_call.c - allocates before any constructor has run and while environ is NULL: first in a task of raw clone,
 * which is no thread of libc's, then in the main thread, then in a thread.
 *
 * ARG: so many thread keys are taken before anybody else can.
 */
#include "truth.h"

#include <pthread.h>
#include <sched.h>
#include <stdbool.h>

#define STACK_BYTES 65536
#define CALLS 5

#define DEFINE_SITE(name, bytes)                                                                   \
	static struct truth name##_truth = {.function = "site_in_" #name};                         \
	static SITE void site_in_##name(void)                                                      \
	{                                                                                          \
		for (int i = 0; i < CALLS; i++) {                                                  \
			void *p = malloc(bytes);                                                   \
                                                                                                   \
			if (i == 0)                                                                \
				free(p);                                                           \
		}                                                                                  \
	}

DEFINE_SITE(clone, 201)
DEFINE_SITE(preinit, 202)
DEFINE_SITE(thread, 203)
DEFINE_SITE(main, 204)

static char clone_stack[STACK_BYTES] __attribute__((aligned(16)));
static volatile bool is_clone_done;
static bool is_environment_missing;

static int run_clone(void *argument)
{
	(void)argument;
	site_in_clone();
	is_clone_done = true;
	return 0;
}

static void *run_thread(void *argument)
{
	site_in_thread();
	return argument;
}

/* Nothing that has failed can be told yet: where to is in the environment. */
static void allocate_first(int argc, char **argv, char **environment)
{
	int key_count = argc > 1 ? atoi(argv[1]) : 0;
	char **whole = environment;
	pthread_key_t key;
	pthread_t thread;

	environ = NULL;
	while (key_count-- > 0)
		if (pthread_key_create(&key, NULL) != 0)
			_exit(96);
	/* shares the thread-local storage of this thread, which waits */
	if (clone(run_clone, clone_stack + STACK_BYTES,
		  CLONE_VM | CLONE_FS | CLONE_FILES | CLONE_SIGHAND | CLONE_THREAD | CLONE_SYSVSEM,
		  NULL) < 0)
		_exit(95);
	while (!is_clone_done)
		sched_yield();
	site_in_preinit();
	if (pthread_create(&thread, NULL, run_thread, NULL) != 0 || pthread_join(thread, NULL) != 0)
		_exit(94);
	is_environment_missing = environ == NULL;
	environ = whole;
}

static __attribute__((section(".preinit_array"), used)) void (*first)(int, char **,
								      char **) = allocate_first;

int main(void)
{
	static struct {
		struct truth *truth;
		size_t bytes;
	} const sites[] = {{&clone_truth, 201},
			   {&preinit_truth, 202},
			   {&thread_truth, 203},
			   {&main_truth, 204}};

	truth_require(is_environment_missing, "environ was set early");
	site_in_main();
	for (size_t i = 0; i < sizeof(sites) / sizeof(sites[0]); i++) {
		for (int j = 0; j < CALLS; j++)
			truth_alloc(sites[i].truth, sites[i].bytes);
		truth_free(sites[i].truth, sites[i].bytes);
		truth_tell(sites[i].truth);
	}
	return 0;
}
