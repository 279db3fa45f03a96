/* SPDX-License-Identifier: Apache-2.0 */
/*
 * unseen_frees.c - gives blocks back, and takes some, in ways that a preloaded library does not see, between calls
 * that it does.
 *
 * usage: unseen_frees libc | deepbind PLUGIN | namespace PLUGIN
 */
#include "truth.h"

#include <dlfcn.h>

#define ROUNDS 500
#define KEPT 50
#define BYTES 600

static struct truth visible = {.function = "site_visible"}, called = {.function = "site_called"};

/* What the program calls past everybody. */
struct way {
	void *handle;
	void *(*allocate)(size_t); /* a block that the program's free takes; NULL = there is none */
	void (*release)(void *);   /* of the program's blocks; NULL = it does not take them */
	void (*call)(void (*)(void));
};

static SITE void *site_visible(size_t bytes)
{
	void *p = malloc(bytes);

	KEEP_FRAME();
	return p;
}

static void *called_block;

static SITE void site_called(void)
{
	called_block = malloc(70);
	KEEP_FRAME();
}

static void *find(const struct way *way, const char *name)
{
	void *address = dlsym(way->handle, name);

	truth_require(address != NULL, name);
	return address;
}

static struct way way_of_libc(const char *path)
{
	struct way way = {.handle = dlopen("libc.so.6", RTLD_NOW | RTLD_NOLOAD)};

	(void)path;
	truth_require(way.handle != NULL, "libc");
	*(void **)&way.allocate = find(&way, "malloc");
	*(void **)&way.release = find(&way, "free");
	return way;
}

static struct way way_of_plugin(const char *path)
{
	struct way way = {.handle = dlopen(path, RTLD_NOW | RTLD_DEEPBIND)};

	truth_require(way.handle != NULL, "plugin");
	*(void **)&way.allocate = find(&way, "plugin_allocate");
	*(void **)&way.release = find(&way, "plugin_release");
	*(void **)&way.call = find(&way, "plugin_call");
	return way;
}

/* With a libc of its own: neither frees a block of the other. */
static struct way way_of_namespace(const char *path)
{
	struct way way = {.handle = dlmopen(LM_ID_NEWLM, path, RTLD_NOW)};
	void *(*allocate)(size_t);
	void (*release)(void *);

	truth_require(way.handle != NULL, "namespace");
	*(void **)&allocate = find(&way, "plugin_allocate");
	*(void **)&release = find(&way, "plugin_release");
	*(void **)&way.call = find(&way, "plugin_call");
	for (int i = 0; i < ROUNDS; i++)
		release(allocate(BYTES));
	return way;
}

/* A block that is released unseen is known to be gone when its place is handed out again. */
static long release_unseen(const struct way *way)
{
	long unseen = 0;

	for (int i = 0; i < ROUNDS; i++) {
		void *first = site_visible(BYTES), *second;

		truth_alloc(&visible, BYTES);
		way->release(first);
		second = site_visible(BYTES);
		truth_alloc(&visible, BYTES);
		truth_require(first == second, "the place is handed out again");
		truth_free(&visible, BYTES);
		unseen++;
		if (i < KEPT)
			continue;
		free(second);
		truth_free(&visible, BYTES);
	}
	return unseen;
}

static void call_back(const struct way *way)
{
	for (int i = 0; i < ROUNDS; i++) {
		way->call(site_called);
		truth_alloc(&called, 70);
		free(called_block);
		truth_free(&called, 70);
	}
	truth_tell(&called);
}

int main(int argc, char **argv)
{
	static const struct {
		const char *name;
		struct way (*open)(const char *path);
	} ways[] = {{"libc", way_of_libc},
		    {"deepbind", way_of_plugin},
		    {"namespace", way_of_namespace}};
	struct way way = {NULL, NULL, NULL, NULL};
	long foreign = 0, unseen = 0;

	for (size_t i = 0; i < sizeof(ways) / sizeof(ways[0]); i++)
		if (argc > 1 && !strcmp(argv[1], ways[i].name))
			way = ways[i].open(argv[argc - 1]);
	truth_require(way.handle != NULL, "usage");
	/* each a free of something that nobody has seen before */
	for (; way.allocate != NULL && foreign < ROUNDS; foreign++)
		free(way.allocate(BYTES));
	if (way.release != NULL)
		unseen = release_unseen(&way);
	if (way.call != NULL)
		call_back(&way);
	truth_tell(&visible);
	truth_number("foreign_free_count", foreign);
	truth_number("unseen_free_count", unseen);
	return 0;
}
