/* SPDX-License-Identifier: Apache-2.0 */
/*
 * invalid_frees.c - frees and reallocates what is no live block, each time from functions of known names.
 *
 * invalid_frees abort    a double free, which glibc's malloc ends the program for
 * invalid_frees WAY...   further ways, behind an allocator that minds none of them
 */
#include <errno.h>
#include <linux/seccomp.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "memtrace/memtrace.h"
#include "truth.h"

#define MANY 300

static long not_allocated[8];

SITE static char *allocate_it(size_t bytes)
{
	char *block = malloc(bytes);

	KEEP_FRAME();
	return block;
}

SITE static void free_it(void *block)
{
	free(block);
	KEEP_FRAME();
}

SITE static void free_again(void *block)
{
	errno = 77;
	free(block);
	truth_require(errno == 77, "errno is what it was");
	KEEP_FRAME();
}

SITE static void *grow_again(void *block, size_t bytes)
{
	void *fresh = realloc(block, bytes);

	KEEP_FRAME();
	return fresh;
}

static void twice(void)
{
	char *block = allocate_it(40);

	free_it(block);
	for (volatile int i = 0; i < 3; i++) /* one call, not three */
		free_again(block);
}

static void inside(void)
{
	char *block = allocate_it(100);

	free_again(block + 16);
	free_it(block);
}

static void inside_large(void)
{
	char *block = allocate_it((size_t)20 << 20);

	free_again(block + ((size_t)10 << 20));
	free_it(block);
}

static void inside_freed(void)
{
	char *block = allocate_it(200);

	free_it(block);
	free_again(block + 32);
}

static void foreign(void)
{
	free_again(&not_allocated[2]);
}

static void realloc_freed(void)
{
	char *block = allocate_it(60);

	free_it(block);
	(void)grow_again(block, 70);
}

/* A block that has moved was freed by realloc. */
static void moved(void)
{
	char *block = allocate_it(80);
	char *fresh = grow_again(block, 5000);

	free_again(block);
	free_it(fresh);
}

static void *free_in_thread(void *block)
{
	(void)pthread_setname_np(pthread_self(), "freer");
	free_again(block);
	return NULL;
}

static void in_thread(void)
{
	char *block = allocate_it(30);
	pthread_t thread;

	free_it(block);
	truth_require(pthread_create(&thread, NULL, free_in_thread, block) == 0, "pthread_create");
	(void)pthread_join(thread, NULL);
}

static char *from_parent;

static void in_child(void)
{
	pid_t child;

	from_parent = allocate_it(50);
	free_it(from_parent);
	child = fork();
	if (child == 0) {
		free_again(from_parent);
		_exit(0);
	}
	(void)waitpid(child, NULL, 0);
}

static void on_signal(int number)
{
	(void)number;
	free_again(from_parent);
}

static void in_handler(void)
{
	from_parent = allocate_it(20);
	free_it(from_parent);
	(void)signal(SIGUSR1, on_signal);
	(void)raise(SIGUSR1);
}

/* Each level is a stack of its own. */
SITE static void nest(int depth)
{
	free(&not_allocated[1]);
	if (depth > 1)
		nest(depth - 1);
	KEEP_FRAME();
}

static void many(void)
{
	nest(MANY);
}

/* glibc hands the same memory out again: its second block is unseen, and no freed one. */
static void stopped(void)
{
	char *block = allocate_it(40), *again;

	free_it(block);
	memtrace_stop();
	again = allocate_it(40);
	truth_require(again == block, "the same address again");
	memtrace_start();
	free_again(again);
}

/* Nothing but read, write and exit is allowed from here on. */
static void strict(void)
{
	char *block = allocate_it(40);

	truth_require(prctl(PR_SET_SECCOMP, SECCOMP_MODE_STRICT, 0, 0, 0) == 0, "seccomp");
	free_it(block);
	free_again(block);
	syscall(SYS_exit, 0);
}

/* A database, say, that was opened where standard error had been closed. */
static void other_stderr(void)
{
	(void)close(2);
	truth_require(open("other", O_WRONLY | O_CREAT, 0600) == 2, "a file as standard error");
	twice();
}

/* More blocks than are remembered; the last ones are. */
static void after_many(void)
{
	char *block = NULL;

	for (size_t i = 0; i < 100000; i++) {
		block = allocate_it(8 + i % 64);
		free_it(block);
	}
	free_again(block);
}

static void keep(void)
{
	truth_require(memtrace_snapshot(NULL, NULL) == 0, "a snapshot is made");
}

static void abort_by_glibc(void)
{
	char *block = allocate_it(40);

	free_it(block);
	free_again(block);
}

int main(int argc, char **argv)
{
	static const struct {
		const char *name;
		void (*run)(void);
	} ways[] = {{"twice", twice},
		    {"inside", inside},
		    {"inside_large", inside_large},
		    {"inside_freed", inside_freed},
		    {"foreign", foreign},
		    {"realloc_freed", realloc_freed},
		    {"moved", moved},
		    {"in_thread", in_thread},
		    {"in_child", in_child},
		    {"in_handler", in_handler},
		    {"many", many},
		    {"stopped", stopped},
		    {"after_many", after_many},
		    {"other_stderr", other_stderr},
		    {"strict", strict},
		    {"keep", keep},
		    {"abort", abort_by_glibc}};

	for (int i = 1; i < argc; i++)
		for (size_t j = 0; j < sizeof(ways) / sizeof(ways[0]); j++)
			if (strcmp(argv[i], ways[j].name) == 0)
				ways[j].run();
	return 0;
}
