/* SPDX-License-Identifier: Apache-2.0 */
/*
 * obedient.c - allocates what lines on its standard input say, and answers each with "ok": a letter
 * for the function, a number of blocks, negative to free as many of that function's.
 */
#include "truth.h"

#include <pthread.h>

#define BLOCK_MAX 10000

struct stock {
	void *blocks[BLOCK_MAX];
	long count;
};

/* Named like an allocator's wrapper: reports name its caller. */
static SITE void *xmalloc(size_t bytes)
{
	void *p = malloc(bytes);

	KEEP_FRAME();
	return p;
}

static SITE void *site_keep(void)
{
	void *p = xmalloc(100);

	KEEP_FRAME();
	return p;
}

static SITE void *site_fill(void)
{
	void *p = malloc(1000);

	KEEP_FRAME();
	return p;
}

static SITE void *site_recurse(int depth)
{
	void *p = depth > 0 ? site_recurse(depth - 1) : malloc(10);

	KEEP_FRAME();
	return p;
}

static SITE void *call_recurse(void)
{
	void *p = site_recurse(5);

	KEEP_FRAME();
	return p;
}

static void *site_in_thread(void *unused)
{
	void *p = malloc(7);

	(void)unused;
	KEEP_FRAME();
	return p;
}

static void *call_in_thread(void)
{
	pthread_t thread;
	void *p = NULL;

	truth_require(pthread_create(&thread, NULL, site_in_thread, NULL) == 0, "pthread_create");
	(void)pthread_setname_np(thread, "helper-1");
	(void)pthread_join(thread, &p);
	return p;
}

static void obey(struct stock *stock, void *(*site)(void), long count)
{
	for (; count > 0 && stock->count < BLOCK_MAX; count--)
		stock->blocks[stock->count++] = site();
	for (; count < 0 && stock->count > 0; count++)
		free(stock->blocks[--stock->count]);
}

int main(void)
{
	static const struct {
		char letter;
		void *(*site)(void);
	} sites[] = {{'k', site_keep},
		     {'f', site_fill},
		     {'r', call_recurse},
		     {'t', call_in_thread}};
	static struct stock stocks[4];
	char line[64];
	size_t length = 0;

	while (length < sizeof(line) - 1 && read(0, line + length, 1) == 1) {
		if (line[length++] != '\n')
			continue;
		line[length] = '\0';
		for (size_t i = 0; i < 4; i++)
			if (line[0] == sites[i].letter)
				obey(&stocks[i], sites[i].site, atol(line + 1));
		length = 0;
		truth_require(write(1, "ok\n", 3) == 3, "write");
	}
	return 0;
}
