/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tree_plugins.c - lets one thread at a time load a library, walk through its functions, and unload it.
 */
#include "tree_plugins.h"

#include <dlfcn.h>
#include <stdatomic.h>

#include "../truth.h"
#include "tree.h"

static const char *paths[2];
static atomic_flag is_in_use = ATOMIC_FLAG_INIT;
static uintptr_t last_address;
static int last_path;
static long same_count;

void tree_plugins_name(const char *a, const char *b)
{
	paths[0] = a;
	paths[1] = b;
}

long tree_plugins_same(void)
{
	return same_count;
}

/* Nobody jumps out of it, and who is inside comes back before it is unloaded. */
long tree_plugin(struct tree *tree, long number)
{
	int which = (int)tree_random(tree, 2);
	struct tree_escape barrier;
	tree_function *function;
	void *library;

	if (tree->events_left <= 0 || atomic_flag_test_and_set(&is_in_use))
		return number;
	library = dlopen(paths[which], RTLD_NOW);
	truth_require(library != NULL, "dlopen");
	*(void **)&function = dlsym(library, "tree_enter");
	truth_require(function != NULL, "dlsym");
	same_count += (uintptr_t)function == last_address && which != last_path;
	last_address = (uintptr_t)function;
	last_path = which;
	tree_escape_push(tree, &barrier);
	barrier.is_barrier = true;
	for (int i = 0; i < 5; i++)
		number = function(tree, number);
	tree_escape_land(tree, &barrier);
	dlclose(library);
	atomic_flag_clear(&is_in_use);
	return number;
}
