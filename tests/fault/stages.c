/* SPDX-License-Identifier: Apache-2.0 */
/*
 * stages.c - brings the shim through one stage of its life, named by the first argument, between a mark for
 * inject.c and the end. What it prints is what the program itself came to; "descriptors" is how many are open.
 */
#include <dirent.h>
#include <dlfcn.h>
#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "inject.h"
#include "memtrace/memtrace.h"

#define STACKS 17000u /* more nodes, sites and counters than are mapped at the start */
#define STACK_BITS 15
#define BLOCKS 60000u /* more than one mapping of the live table holds */
#define SNAPSHOTS 4

static const char *self, *folder;

/* A block that is written to, so that one that is not there does not go unnoticed. */
static __attribute__((noinline)) void *block(size_t bytes)
{
	char *p;

	errno = 4711;
	p = malloc(bytes);
	if (p == NULL || errno != 4711) {
		printf("malloc(%zu): %p, errno %d\n", bytes, (void *)p, errno);
		return NULL;
	}
	memset(p, 0x5a, bytes);
	return p;
}

static int count_descriptors(void)
{
	DIR *open_ones = opendir("/proc/self/fd");
	int count = 0;

	while (open_ones != NULL && readdir(open_ones) != NULL)
		count++;
	if (open_ones != NULL)
		closedir(open_ones);
	return count;
}

static void wait_for(pid_t child)
{
	int status = -1;

	printf("waited: %d\n", waitpid(child, &status, 0) == child);
	printf("status: %#x\n", (unsigned)status);
}

static __attribute__((noinline)) void *branch(unsigned number, int depth)
{
	void *p;

	if (depth == 0)
		return block(24);
	if ((number & 1) != 0)
		p = branch(number >> 1, depth - 1);
	else
		p = branch(number >> 1, depth - 1);
	__asm__ volatile("" ::: "memory");
	return p;
}

static void stage_grow(void)
{
	static void *blocks[BLOCKS];

	for (unsigned i = 0; i < STACKS; i++)
		free(branch(i, STACK_BITS));
	for (unsigned i = 0; i < BLOCKS; i++)
		blocks[i] = block(16 + i % 64);
	for (unsigned i = 0; i < BLOCKS; i += 2)
		free(blocks[i]);
	puts("grown");
}

static __attribute__((noinline)) void *deep(int depth)
{
	char room[64];
	void *p;

	memset(room, depth, sizeof(room));
	p = depth == 0 ? block(100) : deep(depth - 1);
	__asm__ volatile("" ::"r"(room) : "memory");
	return p;
}

static void stage_walk(void)
{
	char path[4096];
	void *(*allocate)(size_t bytes) = NULL;
	void *plugin, *symbol;

	for (int i = 0; i < 3; i++)
		free(deep(600));
	(void)snprintf(path, sizeof(path), "%s/../targets/libplugin_a.so", folder);
	plugin = dlopen(path, RTLD_NOW);
	symbol = plugin == NULL ? NULL : dlsym(plugin, "plugin_allocate");
	memcpy(&allocate, &symbol, sizeof(allocate));
	printf("plugin: %d\n", allocate != NULL);
	if (allocate == NULL)
		return;
	free(allocate(50));
	printf("closed: %d\n", dlclose(plugin));
	free(block(70));
}

static void *thread_main(void *argument)
{
	free(deep(20));
	return argument;
}

static void stage_thread(void)
{
	for (int i = 0; i < 3; i++) {
		pthread_t thread;

		printf("thread: %d\n", pthread_create(&thread, NULL, thread_main, NULL));
		printf("joined: %d\n", pthread_join(thread, NULL));
	}
}

static void stage_fork(void)
{
	void *inherited = block(300);
	pid_t child;

	(void)fflush(stdout);
	child = fork();
	if (child == 0) {
		free(inherited);
		free(deep(10));
		child = fork();
		if (child == 0) {
			free(block(20));
			_exit(5);
		}
		wait_for(child);
		(void)fflush(stdout);
		_exit(block(30) == NULL ? 1 : 3);
	}
	wait_for(child);
	free(inherited);
}

static void stage_snapshot(void)
{
	for (int i = 0; i < SNAPSHOTS; i++) {
		free(block(40));
		errno = 4711;
		(void)memtrace_snapshot(NULL, "stage");
		printf("errno: %d\n", errno);
	}
}

static void stage_exec(void)
{
	pid_t child;

	(void)fflush(stdout);
	child = fork();
	if (child == 0) {
		(void)execl(self, self, "start", (char *)NULL);
		_exit(9);
	}
	wait_for(child);
}

/* What the shim maps from here on it must keep out of what is locked. */
static void stage_lock(void)
{
	errno = 0;
	printf("locked: %d, errno %d\n", mlockall(MCL_CURRENT | MCL_FUTURE), errno);
	free(deep(600));
	stage_thread();
	for (unsigned i = 0; i < BLOCKS; i++)
		free(block(16 + i % 64));
	stage_fork();
	printf("unlocked: %d\n", munlockall());
}

static void stage_start(void)
{
	free(calloc(3, 50));
	free(realloc(block(60), 100));
}

static const struct {
	const char *name;
	void (*run)(void);
	void (*prepare)(void);
	bool is_from_start;
} stages[] = {
	{"start", stage_start, NULL, true},	   {"grow", stage_grow, NULL, false},
	{"walk", stage_walk, NULL, false},	   {"thread", stage_thread, NULL, false},
	{"fork", stage_fork, NULL, false},	   {"fork_grown", stage_fork, stage_grow, false},
	{"snapshot", stage_snapshot, NULL, false}, {"exec", stage_exec, NULL, false},
	{"lock", stage_lock, NULL, false},
};

int main(int argc, char **argv)
{
	static char path[4096];
	ssize_t length = readlink("/proc/self/exe", path, sizeof(path) - 1);

	if (argc != 2 || length < 0)
		return 2;
	path[length] = '\0';
	self = strdup(path);
	*strrchr(path, '/') = '\0';
	folder = path;
	for (size_t i = 0; i < sizeof(stages) / sizeof(stages[0]); i++) {
		if (strcmp(argv[1], stages[i].name) != 0)
			continue;
		if (stages[i].prepare != NULL)
			stages[i].prepare();
		if (!stages[i].is_from_start)
			(void)prctl(INJECT_MARK, 0, 0, 0, 0);
		stages[i].run();
		(void)fflush(stdout);
		printf("descriptors: %d\n", count_descriptors());
		return 7;
	}
	return 2;
}
