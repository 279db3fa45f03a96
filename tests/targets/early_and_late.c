/* SPDX-License-Identifier: Apache-2.0 */
/*
 * early_and_late.c - allocates in a constructor, in an atexit handler, in a destructor of a thread's key and
 * in a destructor of the program, and frees what the earlier ones left.
 */
#include "truth.h"

#include <pthread.h>

static pthread_key_t key;
static void *left_by_constructor, *left_by_atexit;

#define DEFINE_SITE(name, bytes)                                                                   \
	static struct truth name##_truth = {.function = "site_in_" #name};                         \
	static SITE void *site_in_##name(void)                                                     \
	{                                                                                          \
		void *p = malloc(bytes);                                                           \
                                                                                                   \
		truth_alloc(&name##_truth, bytes);                                                 \
		return p;                                                                          \
	}

DEFINE_SITE(constructor, 111)
DEFINE_SITE(thread, 122)
DEFINE_SITE(key_destructor, 133)
DEFINE_SITE(atexit_handler, 144)
DEFINE_SITE(destructor, 155)

static __attribute__((constructor)) void allocate_early(void)
{
	left_by_constructor = site_in_constructor();
	(void)!site_in_constructor();
}

static void key_destructor(void *value)
{
	free(value);
	truth_free(&thread_truth, 122);
	(void)!site_in_key_destructor();
	free(site_in_key_destructor());
	truth_free(&key_destructor_truth, 133);
}

static void *run_thread(void *argument)
{
	(void)argument;
	pthread_setspecific(key, site_in_thread());
	return NULL;
}

static void atexit_handler(void)
{
	free(left_by_constructor);
	truth_free(&constructor_truth, 111);
	left_by_atexit = site_in_atexit_handler();
}

static __attribute__((destructor)) void allocate_late(void)
{
	free(left_by_atexit);
	truth_free(&atexit_handler_truth, 144);
	(void)!site_in_destructor();
	free(site_in_destructor());
	truth_free(&destructor_truth, 155);
	truth_tell(&constructor_truth);
	truth_tell(&thread_truth);
	truth_tell(&key_destructor_truth);
	truth_tell(&atexit_handler_truth);
	truth_tell(&destructor_truth);
}

int main(void)
{
	pthread_t thread;

	atexit(atexit_handler);
	pthread_key_create(&key, key_destructor);
	for (int i = 0; i < 3; i++) {
		truth_require(!pthread_create(&thread, NULL, run_thread, NULL), "thread");
		pthread_join(thread, NULL);
	}
	return 0;
}
