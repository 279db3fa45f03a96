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

static void *load(int which, const char *name, tree_function **function)
{
	void *library = dlopen(paths[which], RTLD_NOW);

	truth_require(library != NULL, "dlopen");
	*(void **)function = dlsym(library, name);
	truth_require(*function != NULL, "dlsym");
	return library;
}

/* One after the other, with equal frames at one address. */
static long take_turns(struct tree *tree, long number)
{
	for (int i = 0; i < 4; i++) {
		tree_function *function;
		void *library = load(i % 2, "tree_same", &function);

		same_count += (uintptr_t)function == last_address;
		last_address = (uintptr_t)function;
		number = function(tree, number);
		dlclose(library);
	}
	tree->events_left -= 8;
	return number;
}

/* Nobody jumps out of it, and who is inside comes back before it is unloaded. */
long tree_plugin(struct tree *tree, long number)
{
	struct tree_escape barrier;
	tree_function *function;
	void *library;

	if (tree->events_left <= 0 || atomic_flag_test_and_set(&is_in_use))
		return number;
	number = take_turns(tree, number);
	library = load((int)tree_random(tree, 2), "tree_enter", &function);
	tree_escape_push(tree, &barrier);
	barrier.is_barrier = true;
	for (int i = 0; i < 5; i++)
		number = function(tree, number);
	tree_escape_land(tree, &barrier);
	dlclose(library);
	atomic_flag_clear(&is_in_use);
	return number;
}
