/* SPDX-License-Identifier: Apache-2.0 */
/*
 * allocates_each_way.c - calls every function that allocates, directly and through libc, says how each call ended
 * and goes on whichever failed.
 */
#include <errno.h>
#include <locale.h>
#include <malloc.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* Without stdio's buffer, which is an allocation too. */
static void say(const char *format, ...) __attribute__((format(printf, 1, 2)));
static void say(const char *format, ...)
{
	char line[256];
	va_list arguments;
	int length;

	va_start(arguments, format);
	length = vsnprintf(line, sizeof(line), format, arguments);
	va_end(arguments);
	if (write(1, line, (size_t)length) != length)
		_exit(9);
}

/* Fills the block, or keeps it where a call that returned nothing should have left it. */
static void *take(const char *what, void *block, size_t bytes)
{
	say("%s: %s, errno %d\n", what, block == NULL ? "nothing" : "a block", errno);
	if (block != NULL)
		memset(block, 0x5a, bytes);
	errno = 4711;
	return block;
}

static int is_filled(const char *block, size_t bytes)
{
	for (size_t i = 0; block != NULL && i < bytes; i++)
		if (block[i] != 0x5a)
			return 0;
	return 1;
}

/* A block that realloc could not move is still there, as it was. */
static void grow(size_t from, size_t to)
{
	char *block = take("malloc", malloc(from), from);
	char *moved = realloc(block, to);

	say("realloc: %d, kept %d, errno %d\n", moved != NULL,
	    is_filled(moved != NULL ? moved : block, block != NULL ? from : 0), errno);
	errno = 4711;
	free(moved != NULL ? moved : block);
}

static void grow_array(void)
{
	char *block = take("calloc", calloc(10, 20), 200);
	char *moved = reallocarray(block, 100, 20);

	say("reallocarray: %d, kept %d\n", moved != NULL,
	    is_filled(moved != NULL ? moved : block, block != NULL ? 200 : 0));
	free(moved != NULL ? moved : block);
}

static void *thread_main(void *argument)
{
	free(take("in a thread", malloc(30), 30));
	return argument;
}

static void use_libc(void)
{
	pthread_t thread;
	char *text = NULL;
	size_t room = 0;
	FILE *file;
	int status;

	free(take("strdup", strdup("a text"), 0));
	status = asprintf(&text, "%d %s", 7, "texts");
	say("asprintf: %d\n", status);
	if (status >= 0)
		free(text);
	text = NULL;
	file = fopen("/proc/self/cmdline", "r");
	say("fopen: %d\n", file != NULL);
	if (file != NULL) {
		say("getdelim: %d\n", getdelim(&text, &room, 0, file) > 0);
		free(text);
		fclose(file);
	}
	say("setlocale: %d\n", setlocale(LC_ALL, "C.UTF-8") != NULL);
	status = pthread_create(&thread, NULL, thread_main, NULL);
	if (status == 0)
		pthread_join(thread, NULL);
	say("thread: %d\n", status);
}

int main(void)
{
	void *block = NULL;
	int status;

	errno = 4711;
	free(take("malloc", malloc(100), 100));
	free(take("malloc", malloc(0), 0));
	free(take("large malloc", malloc(1 << 20), 1 << 20));
	free(take("aligned_alloc", aligned_alloc(64, 128), 128));
	free(take("memalign", memalign(256, 100), 100));
	free(take("valloc", valloc(100), 100));
	free(take("pvalloc", pvalloc(100), 100));
	status = posix_memalign(&block, 64, 100);
	say("posix_memalign: %d, %d, errno %d\n", status, block != NULL, errno);
	free(block);
	grow(100, 200);
	grow(100, 1 << 20);
	grow(1 << 20, 100);
	grow_array();
	(void)take("alive at the end", malloc(77), 77);
	use_libc();
	return 3;
}
