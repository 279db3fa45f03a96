/* SPDX-License-Identifier: Apache-2.0 */
/*
 * dlopen_same_address.c - loads one library, lets it allocate, unloads it, and loads another in its place;
 * over and over. Says whether both ever stood at one address.
 */
#include "truth.h"

#include <dlfcn.h>
#include <stdint.h>

#define ROUNDS 20
#define BLOCKS 50

static uintptr_t use_library(const char *path, struct truth *t, size_t bytes)
{
	void *handle = dlopen(path, RTLD_NOW);
	void *(*allocate)(size_t);
	uintptr_t address;

	truth_require(handle != NULL, "dlopen");
	*(void **)&allocate = dlsym(handle, "plugin_allocate");
	truth_require(allocate != NULL, "dlsym");
	address = (uintptr_t)allocate;
	for (int i = 0; i < BLOCKS; i++) {
		void *p = allocate(bytes);

		truth_alloc(t, bytes);
		if (i % 2) {
			free(p);
			truth_free(t, bytes);
		}
	}
	dlclose(handle);
	return address;
}

int main(int argc, char **argv)
{
	struct truth a = {.function = "site_of_plugin_a"}, b = {.function = "site_of_plugin_b"};
	long same = 0;

	truth_require(argc == 3, "usage: dlopen_same_address A B");
	for (int i = 0; i < ROUNDS; i++) {
		uintptr_t first = use_library(argv[1], &a, 30);

		same += first == use_library(argv[2], &b, 50);
	}
	truth_tell(&a);
	truth_tell(&b);
	truth_number("same_address", same);
	return 0;
}
