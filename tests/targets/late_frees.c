/* SPDX-License-Identifier: Apache-2.0 */
/*
 * late_frees.c - threads that free and allocate when the tracer has let go of them: in destructors of thread-local
 * objects, in four rounds of destructors of keys beyond those that libc has room for, and in libc's own
 * cleaning up after them.
 */
#include "truth.h"

#include <pthread.h>

#define KEYS 60 /* libc allocates where a thread sets one beyond the 32nd */
#define THREADS 4
#define ROUNDS 3

int __cxa_thread_atexit_impl(void (*function)(void *), void *object, void *dso);
extern void *__dso_handle;

static struct truth thread_truth = {.function = "site_in_thread"};
static struct truth round_truth = {.function = "site_in_key_destructor"};
static struct truth object_truth = {.function = "site_in_object_destructor"};
static pthread_key_t keys[KEYS];
static __thread int rounds_left;

#define DEFINE_SITE(name, bytes)                                                                   \
	static SITE void *site_in_##name(void)                                                     \
	{                                                                                          \
		void *p = malloc(bytes);                                                           \
                                                                                                   \
		KEEP_FRAME();                                                                      \
		return p;                                                                          \
	}

DEFINE_SITE(thread, 40)
DEFINE_SITE(key_destructor, 50)
DEFINE_SITE(object_destructor, 60)

/* Of the last key: comes again as long as it leaves a value. */
static void end_round(void *value)
{
	free(value);
	if (rounds_left-- > 0)
		pthread_setspecific(keys[KEYS - 1], site_in_key_destructor());
	else
		(void)!site_in_key_destructor();
}

static void end_object(void *object)
{
	free(object);
	(void)!site_in_object_destructor();
	free(site_in_object_destructor());
}

static void *run_thread(void *argument)
{
	rounds_left = ROUNDS;
	for (int i = 0; i < KEYS; i++)
		truth_require(!pthread_setspecific(keys[i], site_in_thread()), "key");
	truth_require(!__cxa_thread_atexit_impl(end_object, site_in_thread(), &__dso_handle),
		      "object");
	truth_require(strerror(12345) != NULL, "a text that libc frees when the thread is gone");
	return argument;
}

static void add(struct truth *t, size_t bytes, int allocated, int freed)
{
	while (allocated-- > 0)
		truth_alloc(t, bytes);
	while (freed-- > 0)
		truth_free(t, bytes);
}

int main(void)
{
	pthread_t thread;

	for (int i = 0; i < KEYS; i++)
		truth_require(!pthread_key_create(&keys[i], i < KEYS - 1 ? free : end_round),
			      "keys");
	for (int i = 0; i < THREADS; i++) {
		truth_require(!pthread_create(&thread, NULL, run_thread, NULL), "thread");
		pthread_join(thread, NULL);
		add(&thread_truth, 40, KEYS + 1, KEYS + 1);
		add(&object_truth, 60, 2, 1);
		add(&round_truth, 50, ROUNDS + 1, ROUNDS);
	}
	truth_tell(&thread_truth);
	truth_tell(&round_truth);
	truth_tell(&object_truth);
	return 0;
}
