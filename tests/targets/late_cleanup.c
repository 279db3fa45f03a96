/* SPDX-License-Identifier: Apache-2.0 */
/*
 * late_cleanup.c - allocates and frees in destructors of thread-local objects, as C++ registers them, of a thread
 * and of the main thread, and in handlers that a handler of exit() registers.
 */
#include "truth.h"

#include <pthread.h>

#define BYTES 45

extern int __cxa_thread_atexit_impl(void (*function)(void *object), void *object, void *module);
extern void *__dso_handle;

static struct truth object_truth = {.function = "site_of_object"};
static struct truth destructor_truth = {.function = "site_in_destructor"};
static struct truth handler_truth = {.function = "site_in_handler"};

#define DEFINE_SITE(name, truth)                                                                   \
	static SITE void *site_##name(void)                                                        \
	{                                                                                          \
		void *p = malloc(BYTES);                                                           \
                                                                                                   \
		truth_alloc(&truth, BYTES);                                                        \
		return p;                                                                          \
	}

DEFINE_SITE(of_object, object_truth)
DEFINE_SITE(in_destructor, destructor_truth)
DEFINE_SITE(in_handler, handler_truth)

static void release(void *block, struct truth *truth)
{
	free(block);
	truth_free(truth, BYTES);
}

/* It also makes what only the next destructor frees. */
static void destroy(void *object)
{
	static void *from_last;

	release(object, &object_truth);
	if (from_last != NULL)
		release(from_last, &destructor_truth);
	from_last = site_in_destructor();
	release(site_in_destructor(), &destructor_truth);
}

static void make_objects(void)
{
	for (int i = 0; i < 3; i++)
		truth_require(__cxa_thread_atexit_impl(destroy, site_of_object(), &__dso_handle) ==
				      0,
			      "__cxa_thread_atexit_impl");
}

static void *run_thread(void *argument)
{
	(void)argument;
	make_objects();
	return NULL;
}

static void tell(void)
{
	truth_tell(&object_truth);
	truth_tell(&destructor_truth);
	truth_tell(&handler_truth);
}

static void last_handler(void)
{
	release(site_in_handler(), &handler_truth);
	(void)!site_in_handler();
	tell();
}

static void first_handler(void)
{
	(void)!site_in_handler();
	truth_require(atexit(last_handler) == 0, "atexit");
}

int main(void)
{
	pthread_t thread;

	truth_require(atexit(first_handler) == 0, "atexit");
	for (int i = 0; i < 2; i++) {
		truth_require(!pthread_create(&thread, NULL, run_thread, NULL), "thread");
		pthread_join(thread, NULL);
	}
	make_objects();
	return 0;
}
