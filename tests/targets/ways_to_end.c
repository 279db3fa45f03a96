/* SPDX-License-Identifier: Apache-2.0 */
/*
 * ways_to_end.c - allocates 51 blocks, frees some, tells so, and ends in the way that the argument names.
 */
#include "truth.h"

#include <pthread.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/wait.h>

#define BLOCKS 51
#define BYTES 60

static struct truth truth = {.function = "site_before_end"};
static pthread_t main_thread;

static SITE void *site_before_end(void)
{
	void *p = malloc(BYTES);

	KEEP_FRAME();
	return p;
}

static void allocate(void)
{
	for (int i = 0; i < BLOCKS; i++) {
		void *p = site_before_end();

		truth_alloc(&truth, BYTES);
		if (i % 3 == 0) {
			free(p);
			truth_free(&truth, BYTES);
		}
	}
}

static void end_by_segv(void)
{
	*(volatile int *)16 = 0;
}

static int recurse(volatile long depth)
{
	volatile char room[4096];

	room[0] = 0;
	return depth == 0 ? 0 : recurse(depth - 1) + room[0];
}

static void end_by_deep_stack(void)
{
	_exit(recurse(1L << 30));
}

static void end_by_bus(void)
{
	int fd = open(getenv("TRUTH_FILE"), O_RDONLY | O_CLOEXEC);
	volatile char *page = mmap(NULL, 4096, PROT_READ, MAP_SHARED, fd, 1 << 20);

	_exit(page[0]);
}

static void end_by_illegal_instruction(void)
{
	__builtin_trap();
}

static void end_by_term(void)
{
	raise(SIGTERM);
}

static void end_by_kill(void)
{
	raise(SIGKILL);
}

/* Whoever limits the memory of this process has it killed. */
static void end_by_using_memory(void)
{
	for (;;) {
		char *memory = mmap(NULL, 1 << 20, PROT_READ | PROT_WRITE,
				    MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

		truth_require(memory != MAP_FAILED, "mmap");
		memset(memory, 1, 1 << 20);
	}
}

static void end_by_cpu_limit(void)
{
	struct rlimit limit = {1, 1};

	setrlimit(RLIMIT_CPU, &limit);
	for (;;)
		;
}

static void *exit_with_3(void *argument)
{
	(void)argument;
	exit(3);
}

static void end_in_another_thread(void)
{
	pthread_t thread;

	truth_require(!pthread_create(&thread, NULL, exit_with_3, NULL), "thread");
	for (;;)
		pause();
}

static void *outlive_main(void *argument)
{
	(void)argument;
	pthread_join(main_thread, NULL);
	allocate();
	truth_tell(&truth);
	return NULL;
}

static void end_main_thread_first(void)
{
	pthread_t thread;

	main_thread = pthread_self();
	truth_require(!pthread_create(&thread, NULL, outlive_main, NULL), "thread");
	pthread_exit(NULL);
}

/* One that runs all handlers of exit and has recorded nothing. */
static void end_after_child(void)
{
	int status;
	pid_t child = fork();

	truth_require(child >= 0, "fork");
	if (child == 0)
		exit(0);
	truth_require(waitpid(child, &status, 0) == child && status == 0, "child");
	end_by_kill();
}

static void end_by_exec(void)
{
	execl("/bin/true", "true", (char *)NULL);
}

static void end_by_return(void)
{
}

static void end_by_exit(void)
{
	exit(3);
}

static void end_by__exit(void)
{
	_exit(3);
}

static void end_by__Exit(void)
{
	_Exit(3);
}

static void end_by_quick_exit(void)
{
	quick_exit(3);
}

static const struct {
	const char *name;
	void (*end)(void);
} ways[] = {
	{"return", end_by_return},
	{"exit", end_by_exit},
	{"_exit", end_by__exit},
	{"_Exit", end_by__Exit},
	{"quick_exit", end_by_quick_exit},
	{"abort", abort},
	{"SIGSEGV", end_by_segv},
	{"deep stack", end_by_deep_stack},
	{"SIGBUS", end_by_bus},
	{"SIGILL", end_by_illegal_instruction},
	{"SIGTERM", end_by_term},
	{"SIGKILL", end_by_kill},
	{"after a child", end_after_child},
	{"memory", end_by_using_memory},
	{"cpu limit", end_by_cpu_limit},
	{"exit in a thread", end_in_another_thread},
	{"main thread first", end_main_thread_first},
	{"exec", end_by_exec},
};

int main(int argc, char **argv)
{
	struct rlimit no_core = {0, 0};

	setrlimit(RLIMIT_CORE, &no_core);
	allocate();
	truth_tell(&truth);
	for (size_t i = 0; i < sizeof(ways) / sizeof(ways[0]); i++)
		if (argc > 1 && !strcmp(argv[1], ways[i].name)) {
			ways[i].end();
			return 0;
		}
	truth_require(0, "usage: ways_to_end WAY");
	return 1;
}
