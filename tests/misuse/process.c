/* SPDX-License-Identifier: Apache-2.0 */
/*
 * process.c - misuse across threads, forks and signals.
 */
#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "misuse.h"

static char *block;

static void tell_end(pid_t child)
{
	int status = 0;

	(void)waitpid(child, &status, 0);
	say("child: signal %d, status %d", WTERMSIG(status), WEXITSTATUS(status));
}

static void free_in_both_processes(void)
{
	pid_t child;

	block = filled(100, 'a');
	child = fork();
	free(hide(block));
	if (child == 0)
		_exit(3);
	tell_end(child);
}

static void double_free_across_fork(void)
{
	pid_t child;

	block = filled(100, 'a');
	free(block);
	child = fork();
	if (child == 0) {
		free(hide(block));
		_exit(3);
	}
	tell_end(child);
}

static void double_free_in_grandchild(void)
{
	pid_t child = fork();

	if (child == 0) {
		if (fork() == 0) {
			block = filled(5000, 'a');
			free(block);
			free(hide(block));
			_exit(3);
		}
		(void)wait(NULL);
		_exit(4);
	}
	tell_end(child);
}

static void free_in_vfork(void)
{
	pid_t child;

	block = filled(100, 'a');
	child = vfork();
	if (child == 0) {
		free(hide(block)); /* of the parent */
		_exit(3);
	}
	tell_end(child);
	free(hide(block));
}

static void on_abort(int number)
{
	say("signal %d", number);
	_exit(5);
}

static void abort_handled(void)
{
	(void)signal(SIGABRT, on_abort);
	block = filled(100, 'a');
	free(block);
	free(hide(block));
}

static sigjmp_buf back;

static void jump(int number)
{
	(void)number;
	siglongjmp(back, 1);
}

static void abort_jumped_out_of(void)
{
	(void)signal(SIGABRT, jump);
	block = filled(100, 'a');
	free(block);
	if (sigsetjmp(back, 1) == 0)
		free(hide(block));
	else
		say("back");
	say("%d", malloc(100) != NULL);
}

static void fault_jumped_out_of(void)
{
	(void)signal(SIGSEGV, jump);
	if (sigsetjmp(back, 1) == 0)
		free(hide((const void *)16));
	else
		say("back");
	free(filled(100, 'a'));
}

static void abort_ignored(void)
{
	(void)signal(SIGABRT, SIG_IGN);
	block = filled(100, 'a');
	free(block);
	free(hide(block));
}

static void free_in_handler(int number)
{
	(void)number;
	free(hide(block));
}

static void double_free_in_handler(void)
{
	(void)signal(SIGUSR1, free_in_handler);
	block = filled(100, 'a');
	(void)raise(SIGUSR1);
	(void)raise(SIGUSR1);
}

static void free_at_exit(void)
{
	free(hide(block));
}

static void double_free_at_exit(void)
{
	block = filled(100, 'a');
	(void)atexit(free_at_exit);
	(void)atexit(free_at_exit);
}

static void double_free_at_quick_exit(void)
{
	block = filled(100, 'a');
	(void)at_quick_exit(free_at_exit);
	(void)at_quick_exit(free_at_exit);
	quick_exit(6);
}

static void give(void *value)
{
	free(hide(value));
}

static void *with_key(void *keys)
{
	for (int i = 0; i < 2; i++)
		(void)pthread_setspecific(((pthread_key_t *)keys)[i], block);
	return NULL;
}

static void double_free_in_key_destructors(void)
{
	pthread_key_t keys[2];
	pthread_t thread;

	block = filled(100, 'a');
	for (int i = 0; i < 2; i++)
		(void)pthread_key_create(&keys[i], give);
	(void)pthread_create(&thread, NULL, with_key, keys);
	(void)pthread_join(thread, NULL);
}

static void *stack_block(void *nothing)
{
	char local[64] __attribute__((aligned(16))) = {0};

	(void)nothing;
	free(hide(local + 16));
	return NULL;
}

static void free_stack_in_thread(void)
{
	pthread_t thread;

	(void)pthread_create(&thread, NULL, stack_block, NULL);
	(void)pthread_join(thread, NULL);
}

static void *overflow_block(void *nothing)
{
	char *mine = filled(24, 'a'), *other = filled(24, 'b');

	(void)nothing;
	memset(hide(mine), 'x', 60);
	free(hide(other));
	return NULL;
}

static void overflow_in_thread(void)
{
	pthread_t thread;

	(void)pthread_create(&thread, NULL, overflow_block, NULL);
	(void)pthread_join(thread, NULL);
}

const struct misuse_case process_cases[] = {
	CASE(free_in_both_processes),
	CASE(double_free_across_fork),
	CASE(double_free_in_grandchild),
	CASE(free_in_vfork),
	CASE(abort_handled),
	CASE(abort_jumped_out_of),
	CASE(fault_jumped_out_of),
	CASE(abort_ignored),
	CASE(double_free_in_handler),
	CASE(double_free_at_exit),
	CASE(double_free_at_quick_exit),
	CASE(double_free_in_key_destructors),
	CASE(free_stack_in_thread),
	CASE(overflow_in_thread),
	END,
};
