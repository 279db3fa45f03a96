/* SPDX-License-Identifier: Apache-2.0 */
/*
 * handlers.c - timers of threads whose handlers allocate and free, and now and then jump out.
 *
 * A handler calls malloc() only where it has not interrupted it, as a program has to; else it reports blocks. Its
 * stack ends at itself: with the interrupted function there were as many stacks as there are instructions.
 */
#include "handlers.h"

#include <setjmp.h>
#include <signal.h>
#include <sys/syscall.h>
#include <time.h>

#include "kinds.h"
#include "truth.h"

#define TIMER_SIGNAL (SIGRTMIN + 1)
#define RAISED_SIGNAL SIGUSR2
#define TIMER_NS 700000
#define SLOTS 32
#define ALTERNATE_BYTES 65536
#define CALLS 200      /* that may be jumped out of */
#define JUMP_EVERY 512 /* each may leave a few bytes behind */
#define JUMPED_BYTES 8

#ifndef sigev_notify_thread_id
#define sigev_notify_thread_id _sigev_un._tid
#endif

/* What handlers of one thread have allocated. */
struct hoard {
	void *blocks[SLOTS], *raised[SLOTS];
	uintptr_t reported[SLOTS];
	unsigned long timer_runs, raised_runs, pool_runs;
	timer_t timer;
	sigjmp_buf out;
	volatile sig_atomic_t may_jump, is_held;
	char stack[ALTERNATE_BYTES];
};

static __thread struct hoard hoard;
static long jumps;

void call_outermost(void (*function)(void));

static size_t timer_bytes(unsigned long slot)
{
	return 20 + slot;
}

static SITE void use_allocator(void)
{
	unsigned long slot = hoard.timer_runs++ % SLOTS;

	kind_free(KIND_TIMER, hoard.blocks[slot], timer_bytes(slot));
	hoard.blocks[slot] = kind_malloc(KIND_TIMER, timer_bytes(slot));
}

static SITE void report(void)
{
	unsigned long slot = hoard.pool_runs++ % SLOTS;

	if (hoard.reported[slot] != 0)
		kind_report_free(KIND_POOL_TIMER, hoard.reported[slot], timer_bytes(slot));
	hoard.reported[slot] = kind_next_address();
	kind_report(KIND_POOL_TIMER, hoard.reported[slot], timer_bytes(slot));
}

static void handle_timer(int signal)
{
	(void)signal;
	if (hoard.is_held)
		return;
	call_outermost(kind_is_in_allocator ? report : use_allocator);
	if (!hoard.may_jump || hoard.timer_runs % JUMP_EVERY != 0)
		return;
	hoard.may_jump = 0;
	__atomic_fetch_add(&jumps, 1, __ATOMIC_RELAXED);
	siglongjmp(hoard.out, 1);
}

static void handle_raised(int signal)
{
	unsigned long slot = hoard.raised_runs++ % SLOTS;

	(void)signal;
	kind_free(KIND_RAISED, hoard.raised[slot], timer_bytes(slot));
	hoard.raised[slot] = kind_malloc(KIND_RAISED, timer_bytes(slot));
}

void handlers_init(void)
{
	struct sigaction action = {.sa_handler = handle_timer, .sa_flags = SA_ONSTACK | SA_RESTART};

	sigaction(TIMER_SIGNAL, &action, NULL);
	action = (struct sigaction){.sa_handler = handle_raised, .sa_flags = SA_RESTART};
	sigaction(RAISED_SIGNAL, &action, NULL);
}

void handlers_start(bool has_stack)
{
	struct sigevent event = {.sigev_notify = SIGEV_THREAD_ID, .sigev_signo = TIMER_SIGNAL};
	struct itimerspec interval = {.it_interval = {0, TIMER_NS}, .it_value = {0, TIMER_NS}};
	stack_t stack = {.ss_sp = hoard.stack, .ss_size = sizeof(hoard.stack)};

	event.sigev_notify_thread_id = (int)syscall(SYS_gettid);
	kind_is_in_allocator++; /* libc may allocate for a timer */
	truth_require(!has_stack || sigaltstack(&stack, NULL) == 0, "sigaltstack");
	truth_require(timer_create(CLOCK_MONOTONIC, &event, &hoard.timer) == 0, "timer_create");
	truth_require(timer_settime(hoard.timer, 0, &interval, NULL) == 0, "timer_settime");
	kind_is_in_allocator--;
}

/* The timer first: nothing is allocated by a handler after that. */
void handlers_stop(void)
{
	kind_is_in_allocator++;
	truth_require(timer_delete(hoard.timer) == 0, "timer_delete");
	kind_is_in_allocator--;
	for (unsigned long slot = 0; slot < SLOTS; slot++) {
		kind_free(KIND_TIMER, hoard.blocks[slot], timer_bytes(slot));
		kind_free(KIND_RAISED, hoard.raised[slot], timer_bytes(slot));
		if (hoard.reported[slot] != 0)
			kind_report_free(KIND_POOL_TIMER, hoard.reported[slot], timer_bytes(slot));
	}
}

void handlers_raise(void)
{
	raise(RAISED_SIGNAL);
}

void handlers_be_interrupted(void)
{
	volatile uintptr_t address = 0;

	if (sigsetjmp(hoard.out, 1) != 0) {
		kind_forget(address);
		return;
	}
	hoard.may_jump = 1;
	for (int i = 0; i < CALLS && hoard.may_jump; i++) {
		address = kind_next_address();
		kind_report(KIND_JUMPED, address, JUMPED_BYTES);
		kind_report_free(KIND_JUMPED, address, JUMPED_BYTES);
	}
	hoard.may_jump = 0;
}

void handlers_hold(bool is_held)
{
	hoard.is_held = is_held;
}

long handlers_jumps(void)
{
	return __atomic_load_n(&jumps, __ATOMIC_RELAXED);
}
