/* SPDX-License-Identifier: Apache-2.0 */
/*
 * loader_lock.c - a thread allocates, in code that has never been seen before, while another one is inside
 * dl_iterate_phdr() and has the loader's lock until that is done.
 *
 * usage: loader_lock PLUGIN
 */
#include "truth.h"

#include <dlfcn.h>
#include <errno.h>
#include <link.h>
#include <pthread.h>
#include <semaphore.h>
#include <stdbool.h>
#include <time.h>

#define CALLS 100
#define LIMIT_S 60 /* only against hanging for ever */

static sem_t may_go, is_done;
static void *(*allocate)(size_t);

static void *run_thread(void *argument)
{
	sem_wait(&may_go);
	for (int i = 0; i < CALLS; i++)
		free(allocate(33));
	sem_post(&is_done);
	return argument;
}

static int wait_inside(struct dl_phdr_info *info, size_t size, void *data)
{
	struct timespec end;
	int status;

	(void)info;
	(void)size;
	sem_post(&may_go);
	clock_gettime(CLOCK_REALTIME, &end);
	end.tv_sec += LIMIT_S;
	do
		status = sem_timedwait(&is_done, &end);
	while (status != 0 && errno == EINTR);
	*(bool *)data = status == 0;
	return 1;
}

int main(int argc, char **argv)
{
	struct truth t = {.function = "site_of_plugin_a"};
	void *handle = dlopen(argc > 1 ? argv[1] : "", RTLD_NOW);
	bool was_done = false;
	pthread_t thread;

	truth_require(handle != NULL, "usage");
	*(void **)&allocate = dlsym(handle, "plugin_allocate");
	sem_init(&may_go, 0, 0);
	sem_init(&is_done, 0, 0);
	truth_require(!pthread_create(&thread, NULL, run_thread, NULL), "thread");
	dl_iterate_phdr(wait_inside, &was_done);
	truth_require(was_done, "an allocation while the loader's lock was held");
	pthread_join(thread, NULL);
	for (int i = 0; i < CALLS; i++) {
		truth_alloc(&t, 33);
		truth_free(&t, 33);
	}
	truth_tell(&t);
	return 0;
}
