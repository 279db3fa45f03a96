/* SPDX-License-Identifier: Apache-2.0 */
/*
 * loading.c - two libraries that are loaded and unloaded in turn.
 */
#include "loading.h"

#include <dlfcn.h>
#include <pthread.h>

#include "kinds.h"
#include "truth.h"

#define BLOCKS 20

static const char *paths[2];
static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;

void loading_lock(void)
{
	pthread_mutex_lock(&mutex);
}

void loading_unlock(void)
{
	pthread_mutex_unlock(&mutex);
}

void loading_init(const char *path_a, const char *path_b)
{
	paths[0] = path_a;
	paths[1] = path_b;
}

void loading_next(void)
{
	static size_t count;
	size_t which = count++ % 2;
	enum kind kind = which == 0 ? KIND_PLUGIN_A : KIND_PLUGIN_B;
	void *(*allocate)(size_t bytes), *handle, *blocks[BLOCKS];

	loading_lock();
	handle = dlopen(paths[which], RTLD_NOW);
	truth_require(handle != NULL, "dlopen");
	*(void **)&allocate = dlsym(handle, "plugin_allocate");
	truth_require(allocate != NULL, "dlsym");
	for (size_t i = 0; i < BLOCKS; i++) {
		blocks[i] = allocate(40 + i);
		kind_add(kind, 40 + i);
		if (i % 2 != 0)
			kind_free(kind, blocks[i], 40 + i);
	}
	truth_require(dlclose(handle) == 0, "dlclose");
	loading_unlock();
	for (size_t i = 0; i < BLOCKS; i += 2)
		kind_free(kind, blocks[i], 40 + i);
}
