/* SPDX-License-Identifier: Apache-2.0 */
/*
 * children.c - forks children that allocate, start threads and end in each of the ways there are.
 *
 * A child tells its counts and does nothing more but end.
 */
#include "children.h"

#include <pthread.h>
#include <signal.h>
#include <spawn.h>
#include <sys/wait.h>

#include "kinds.h"
#include "loading.h"
#include "truth.h"

#define KEPT 200
#define KEPT_BYTES 48
#define BLOCKS 100

extern char **environ;

static void *kept[KEPT];

static char image_word[] = "image", program_word[] = "soak";
static char *const image_arguments[] = {program_word, image_word, NULL};

static void end_at_once(void)
{
	_exit(0);
}

static void end_by_exit(void)
{
	exit(0);
}

static void end_quickly(void)
{
	quick_exit(0);
}

static void *exit_in_thread(void *argument)
{
	(void)argument;
	exit(0);
}

static void end_in_another_thread(void)
{
	pthread_t thread;

	truth_require(!pthread_create(&thread, NULL, exit_in_thread, NULL), "thread");
	pthread_join(thread, NULL);
}

static void end_by_signal_11(void)
{
	signal(SIGSEGV, SIG_DFL);
	*(volatile int *)8 = 0;
}

static void end_killed(void)
{
	kill(getpid(), SIGKILL);
}

static void end_by_exec(void)
{
	execv("/proc/self/exe", image_arguments);
}

static const struct {
	void (*end)(void);
	int signal; /* that is to have ended the child */
} ways[] = {
	{end_at_once, 0},	    {end_by_exit, 0}, {end_quickly, 0},
	{end_in_another_thread, 0}, {abort, SIGABRT}, {end_by_signal_11, SIGSEGV},
	{end_killed, SIGKILL},	    {end_by_exec, 0},
};

#define WAYS (sizeof(ways) / sizeof(ways[0]))

static size_t child_bytes(int i)
{
	return 30 + (size_t)i;
}

static void allocate(enum kind kind)
{
	for (int i = 0; i < BLOCKS; i++) {
		void *block = kind_malloc(kind, child_bytes(i));

		if (i % 3 != 0)
			kind_free(kind, block, child_bytes(i));
	}
}

static void *run_thread(void *argument)
{
	(void)argument;
	allocate(KIND_CHILD_THREAD);
	return NULL;
}

static void run_child(void)
{
	pthread_t thread;

	kind_begin_child();
	for (int i = 0; i < KEPT; i += 4)
		kind_free(KIND_KEPT, kept[i], KEPT_BYTES);
	allocate(KIND_CHILD);
	truth_require(!pthread_create(&thread, NULL, run_thread, NULL), "thread");
	allocate(KIND_CHILD);
	pthread_join(thread, NULL);
	kind_tell(KIND_KEPT, KIND_CHILD_THREAD);
}

static void check_end(pid_t child, int signal)
{
	int status;

	truth_require(child > 0 && waitpid(child, &status, 0) == child, "waitpid");
	truth_require(signal == 0 ? status == 0 : WIFSIGNALED(status) && WTERMSIG(status) == signal,
		      "the end of a child");
}

static void spawn(void)
{
	pid_t child = -1;

	truth_require(posix_spawn(&child, "/proc/self/exe", NULL, NULL, image_arguments, environ) ==
			      0,
		      "posix_spawn");
	check_end(child, 0);
}

void children_init(void)
{
	for (int i = 0; i < KEPT; i++)
		kept[i] = kind_malloc(KIND_KEPT, KEPT_BYTES);
}

void children_next(void)
{
	static size_t count;
	size_t way = count++ % (WAYS + 1);
	pid_t child;

	if (way == WAYS) {
		spawn();
		return;
	}
	/* so that the parent's blocks of this kind are not always the same */
	kind_free(KIND_KEPT, kept[count % KEPT], KEPT_BYTES);
	kept[count % KEPT] = kind_malloc(KIND_KEPT, KEPT_BYTES);
	loading_lock();
	child = fork();
	if (child == 0) {
		run_child();
		ways[way].end();
		_exit(96);
	}
	loading_unlock();
	check_end(child, ways[way].signal);
}

int children_image(void)
{
	allocate(KIND_IMAGE);
	kind_tell(KIND_IMAGE, KIND_IMAGE);
	return 0;
}
