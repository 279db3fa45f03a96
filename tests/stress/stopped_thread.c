/* SPDX-License-Identifier: Apache-2.0 */
/*
 * stopped_thread.c - a thread is stopped after each single instruction of what it does to the tables, and as long as
 * it stands another thread, its signal handler and now and then a forked child do the same: none of them waits for it,
 * and the tables hold what they should, up to the one thing that is being done.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "live_table.h"
#include "memtrace/atomic.h"
#include "node_table.h"
#include "stress.h"
#include "trace_file.h"

#define EXIT_SKIP 77
#define AREA UINT64_C(0x7f0000000000) /* all blocks lie near each other: in the same stripes */
#define OWN_SHARE 8		      /* one address of so many is the stopped thread's */
#define WINDOW 64u		      /* blocks that the worker keeps */
#define SPOTS 1024u		      /* where they may lie */
#define FORK_EVERY 256u
#define STEPS_MAX 12000u /* of one deed; it is finished without stops then */
#define LAST_BLOCKS 30000u

/* Deeds of the thread that is stopped. */
enum deed { INSERT, REMOVE, INSERT_MANY, REMOVE_MANY, NEW_STACK, NEW_STACKS, DEED_COUNT };

/* How many blocks a deed inserts or removes, or stacks it makes. */
static const uint32_t deed_sizes[DEED_COUNT] = {
	[INSERT] = 1,	     [REMOVE] = 1,    [INSERT_MANY] = 150,
	[REMOVE_MANY] = 150, [NEW_STACK] = 1, [NEW_STACKS] = 6,
};

/* Seen by the tracing process as well. */
struct common {
	int victim;	       /* thread id; 0 = not there yet */
	uint32_t deed, begun;  /* number of the deed, and of the last one that was asked for */
	uint32_t finished;     /* of the last one that was done */
	uint32_t wanted, done; /* rounds of the worker */
	uint32_t is_last;
};

static struct common *common;
static int64_t victim_blocks; /* that it has finished to insert and not begun to remove */
static uint64_t worker_number, handler_runs;
static uint32_t stack_number;

static uint64_t address_of(uint64_t number, bool is_victim)
{
	return AREA + (number * OWN_SHARE + (is_victim ? 0 : 1 + number % (OWN_SHARE - 1))) * 16;
}

static void insert(uint64_t address, uint32_t site)
{
	struct mt_live_block block = {.address = address, .size = 24, .site = site}, old;

	STRESS_CHECK(live_table_insert(&block, &old) == LIVE_INSERTED);
}

static void take_away(uint64_t address, uint32_t site)
{
	struct mt_live_block block;

	STRESS_CHECK(live_table_remove(address, false, &block));
	STRESS_CHECK(block.site == site && block.size == 24);
}

static void make_stack(uint32_t number)
{
	uint32_t node = 0, again = 0;

	for (uint32_t depth = 0; depth < 4; depth++)
		node = node_intern(node, location_intern(UINT64_C(1) << 40 | (number + depth)));
	STRESS_CHECK(node != 0 && node_site(node) != 0);
	for (uint32_t depth = 0; depth < 4; depth++)
		again = node_intern(again, location_intern(UINT64_C(1) << 40 | (number + depth)));
	STRESS_CHECK(node_site(again) != 0);
}

static void do_deed(enum deed deed)
{
	static uint64_t next, oldest;

	for (uint32_t i = 0; i < deed_sizes[deed]; i++) {
		if (deed == INSERT || deed == INSERT_MANY) {
			insert(address_of(next++, true), 1);
			(void)mt_add_relaxed(&victim_blocks, 1);
		} else if (deed == REMOVE || deed == REMOVE_MANY) {
			(void)mt_add_relaxed(&victim_blocks, -1);
			take_away(address_of(oldest++, true), 1);
		} else {
			make_stack(mt_add_relaxed(&stack_number, 5));
		}
	}
}

/* The thread that is stopped. Calls nothing of libc from the first deed on. */
static void *be_victim(void *unused)
{
	mt_store_release(&common->victim, (int)syscall(SYS_gettid));
	for (uint32_t number = 1;; number++) {
		while (mt_load_acquire(&common->begun) != number)
			;
		do_deed((enum deed)mt_load_relaxed(&common->deed));
		mt_store_release(&common->finished, number);
	}
	return unused;
}

struct tally {
	int64_t victim, worker;
};

static void count(const struct mt_live_block *block, void *context)
{
	struct tally *tally = context;

	if (block->site == 1)
		tally->victim++;
	else
		tally->worker++;
}

static void check_table(int64_t worker_blocks)
{
	struct tally tally = {0, 0};

	live_table_each(count, &tally);
	STRESS_CHECK(tally.worker == worker_blocks);
	STRESS_CHECK(tally.victim - mt_load_relaxed(&victim_blocks) >= 0 &&
		     tally.victim - mt_load_relaxed(&victim_blocks) <= 1);
}

static void on_signal(int signal)
{
	uint64_t address = AREA - 4096 + handler_runs++ % 64 * 16;

	(void)signal;
	insert(address, 3);
	take_away(address, 3);
	if (handler_runs % 16 == 0)
		make_stack(mt_add_relaxed(&stack_number, 5));
}

static void work_in_child(void)
{
	pid_t child = fork();
	int status = 0;

	STRESS_CHECK(child >= 0);
	if (child == 0) {
		check_table(WINDOW);
		for (uint64_t i = 0; i < 300; i++)
			insert(AREA + (UINT64_C(1) << 24) + i * 16, 2);
		for (uint64_t i = 0; i < 300; i++)
			take_away(AREA + (UINT64_C(1) << 24) + i * 16, 2);
		make_stack(7);
		check_table(WINDOW);
		_exit(0);
	}
	while (waitpid(child, &status, 0) < 0 && errno == EINTR)
		;
	STRESS_CHECK(status == 0);
}

static void work_once(void)
{
	insert(address_of(worker_number % SPOTS, false), 2);
	if (worker_number >= WINDOW)
		take_away(address_of((worker_number - WINDOW) % SPOTS, false), 2);
	worker_number++;
}

static void work(uint32_t round)
{
	work_once();
	work_once();
	if (round % 4 == 0)
		raise(SIGUSR1);
	if (round % 8 == 0)
		make_stack(mt_add_relaxed(&stack_number, 5));
	if (round % 64 == 0)
		check_table(WINDOW);
	if (round % FORK_EVERY == 0)
		work_in_child();
}

/* The other thread stands for good: tables grow and shrink, and everything else is as ever. */
static void work_to_the_end(void)
{
	for (uint64_t i = 0; i < LAST_BLOCKS; i++)
		insert(AREA + (UINT64_C(1) << 25) + i * 16, 2);
	for (uint64_t i = 0; i < LAST_BLOCKS; i++)
		take_away(AREA + (UINT64_C(1) << 25) + i * 16, 2);
	for (uint32_t i = 0; i < 2000; i++)
		make_stack(mt_add_relaxed(&stack_number, 5));
	check_table(WINDOW);
	work_in_child();
	_exit(EXIT_SUCCESS);
}

static void run_traced(void)
{
	struct sigaction action = {.sa_handler = on_signal};
	pthread_t thread;

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	/* where only descendants may be traced the parent is one that may */
	prctl(PR_SET_PTRACER, getppid());
	stress_make_trace_file();
	live_table_init();
	sigaction(SIGUSR1, &action, NULL);
	while (worker_number < WINDOW)
		work_once();
	STRESS_CHECK(pthread_create(&thread, NULL, be_victim, NULL) == 0);
	for (uint32_t round = 1;; round++) {
		while (mt_load_acquire(&common->wanted) != round)
			sched_yield();
		if (mt_load_relaxed(&common->is_last) != 0)
			work_to_the_end();
		work(round);
		mt_store_release(&common->done, round);
	}
}

/* A process that has come to its end instead is no stop. */
static void wait_for_stop(int victim)
{
	int status;

	STRESS_CHECK(waitpid(victim, &status, __WALL) == victim && WIFSTOPPED(status));
}

static void let_others_work(pid_t process)
{
	uint32_t round = mt_add_relaxed(&common->wanted, 1);
	int status;

	while (mt_load_acquire(&common->done) != round) {
		STRESS_CHECK(waitpid(process, &status, WNOHANG) == 0);
		sched_yield();
	}
}

/* Single steps until the deed is done; every `every`th is followed by a round of the others. */
static uint32_t step_through(pid_t process, int victim, uint32_t every)
{
	uint32_t number = common->begun, steps = 0;

	while (mt_load_acquire(&common->finished) != number && steps < STEPS_MAX) {
		STRESS_CHECK(ptrace(PTRACE_SINGLESTEP, victim, NULL, NULL) == 0);
		wait_for_stop(victim);
		if (++steps % every == 0)
			let_others_work(process);
	}
	if (mt_load_acquire(&common->finished) == number)
		return steps;
	STRESS_CHECK(ptrace(PTRACE_CONT, victim, NULL, NULL) == 0);
	while (mt_load_acquire(&common->finished) != number)
		sched_yield();
	STRESS_CHECK(ptrace(PTRACE_INTERRUPT, victim, NULL, NULL) == 0);
	wait_for_stop(victim);
	return steps;
}

static void begin(enum deed deed)
{
	mt_store_relaxed(&common->deed, deed);
	mt_store_release(&common->begun, mt_load_relaxed(&common->begun) + 1);
}

static void trace(pid_t process, int victim)
{
	static const struct {
		enum deed deed;
		uint32_t every;
	} plan[] = {
		{INSERT, 1},	  {INSERT, 1},	     {REMOVE, 1}, {NEW_STACK, 3},
		{NEW_STACK, 5},	  {INSERT_MANY, 41}, {INSERT, 1}, {REMOVE_MANY, 43},
		{NEW_STACKS, 37}, {INSERT_MANY, 37}, {INSERT, 1}, {REMOVE_MANY, 47},
		{REMOVE, 1},	  {NEW_STACKS, 29},
	};
	uint32_t total = 0;

	for (size_t i = 0; i < sizeof(plan) / sizeof(plan[0]); i++) {
		begin(plan[i].deed);
		total += step_through(process, victim, plan[i].every);
	}
	printf("# stopped %u times, the others worked %u times\n", total, common->wanted);
	STRESS_CHECK(total > 10000 && common->wanted > 2000);
}

/* In the middle of a deed, for good. */
static void stop_for_ever(pid_t process, int victim)
{
	int status;

	begin(INSERT);
	for (uint32_t i = 0; i < 60; i++) {
		STRESS_CHECK(ptrace(PTRACE_SINGLESTEP, victim, NULL, NULL) == 0);
		wait_for_stop(victim);
	}
	mt_store_relaxed(&common->is_last, 1);
	(void)mt_add_relaxed(&common->wanted, 1);
	while (waitpid(process, &status, __WALL | WNOHANG) == 0) {
		/* a thread that is traced tells of its end to whoever traces it */
		(void)waitpid(victim, &status, __WALL | WNOHANG);
		sched_yield();
	}
	STRESS_CHECK(WIFEXITED(status) && WEXITSTATUS(status) == EXIT_SUCCESS);
}

int main(void)
{
	pid_t process;
	int victim;

#if defined(MT_ATOMIC_IS_WATCHED)
	return EXIT_SKIP; /* what watches the threads has locks that a stopped one may hold */
#endif
	common = mmap(NULL, sizeof(*common), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1,
		      0);
	STRESS_CHECK(common != MAP_FAILED);
	process = fork();
	STRESS_CHECK(process >= 0);
	if (process == 0)
		run_traced();
	while ((victim = mt_load_acquire(&common->victim)) == 0)
		sched_yield();
	if (ptrace(PTRACE_SEIZE, victim, NULL, NULL) != 0) {
		kill(process, SIGKILL);
		printf("# threads cannot be traced here\n");
		return EXIT_SKIP;
	}
	STRESS_CHECK(ptrace(PTRACE_INTERRUPT, victim, NULL, NULL) == 0);
	wait_for_stop(victim);
	trace(process, victim);
	stop_for_ever(process, victim);
	return EXIT_SUCCESS;
}
