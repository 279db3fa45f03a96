/* SPDX-License-Identifier: Apache-2.0 */
/*
 * unwind_shapes.c - see unwind_shapes.h; SHAPES_NAME is the name of this compilation's function.
 */
#define _GNU_SOURCE
#include "unwind_shapes.h"

#include <alloca.h>
#include <setjmp.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <ucontext.h>

#define NOINLINE __attribute__((noinline))
#define STACK_BYTES (256 * 1024)
#define KEEP(x) __asm__ volatile("" : : "r"(x) : "memory")

/* Where the caller of this function goes on, as the walk should name it. */
#define ENTER(state)                                                                               \
	((state)->truth[(state)->truth_count++] = (uint64_t)__builtin_return_address(0) - 1)
/* The same, where the return address was put there as the start of a function. */
#define ENTER_AT_START(state)                                                                      \
	((state)->truth[(state)->truth_count++] = (uint64_t)__builtin_return_address(0))
#define LEAVE(state) ((state)->truth_count--)

static __thread struct shape_state *current;
static void grow(struct shape_state *state);

static NOINLINE void plain(struct shape_state *state)
{
	ENTER(state);
	grow(state);
	LEAVE(state);
}

static NOINLINE void registers(struct shape_state *state)
{
	ENTER(state);
	__asm__ volatile("" : : : "rbx", "r12", "r13", "r14", "r15");
	grow(state);
	__asm__ volatile("" : : : "rbx", "r12", "r13", "r14", "r15");
	LEAVE(state);
}

static NOINLINE void vla(struct shape_state *state)
{
	char *block = alloca(state->random % 300 + 1);

	ENTER(state);
	KEEP(block);
	grow(state);
	KEEP(block);
	LEAVE(state);
}

static NOINLINE void aligned(struct shape_state *state)
{
	__attribute__((aligned(64))) char block[64];

	ENTER(state);
	KEEP(block);
	grow(state);
	KEEP(block);
	LEAVE(state);
}

static NOINLINE void realigned(struct shape_state *state)
{
	__attribute__((aligned(128))) char block[128];
	char *more = alloca(state->random % 500 + 1);

	ENTER(state);
	KEEP(block);
	KEEP(more);
	grow(state);
	KEEP(block);
	KEEP(more);
	LEAVE(state);
}

static NOINLINE __attribute__((force_align_arg_pointer)) void
aligned_entry(struct shape_state *state)
{
	char *more = alloca(state->random % 500 + 1);

	ENTER(state);
	KEEP(more);
	grow(state);
	KEEP(more);
	LEAVE(state);
}

static NOINLINE int take_many(struct shape_state *state, int a, int b, int c, int d, int e, int f,
			      int g, int h, int i)
{
	ENTER(state);
	grow(state);
	LEAVE(state);
	return a + b + c + d + e + f + g + h + i;
}

static NOINLINE void many_arguments(struct shape_state *state)
{
	ENTER(state);
	KEEP((long)take_many(state, 1, 2, 3, 4, 5, 6, 7, 8, 9));
	LEAVE(state);
}

static NOINLINE void large(struct shape_state *state)
{
	char block[20000];

	ENTER(state);
	KEEP(block);
	grow(state);
	KEEP(block);
	LEAVE(state);
}

static NOINLINE void pointer(struct shape_state *state)
{
	void (*volatile function)(struct shape_state *) = plain;

	ENTER(state);
	function(state);
	LEAVE(state);
}

static NOINLINE __attribute__((noreturn)) void never_return(struct shape_state *state, jmp_buf back)
{
	ENTER(state);
	grow(state);
	LEAVE(state);
	longjmp(back, 1);
}

static NOINLINE __attribute__((noreturn)) void end_in_call(struct shape_state *state, jmp_buf back)
{
	ENTER(state);
	never_return(state, back);
}

static NOINLINE void tail(struct shape_state *state)
{
	struct shape_state *volatile kept = state;
	jmp_buf back;

	ENTER(state);
	if (setjmp(back) == 0)
		end_in_call(state, back);
	LEAVE(kept); /* of end_in_call() */
	LEAVE(kept);
}

/* Only the first comparison goes deeper. */
static NOINLINE int compare(const void *a, const void *b)
{
	struct shape_state *state = current;

	if (*(const int *)a + *(const int *)b == 3) {
		ENTER(state);
		grow(state);
		LEAVE(state);
	}
	return *(const int *)a - *(const int *)b;
}

static NOINLINE void by_qsort(struct shape_state *state)
{
	int numbers[] = {1, 2};

	ENTER(state);
	qsort(numbers, 2, sizeof(numbers[0]), compare);
	LEAVE(state);
}

static NOINLINE void by_bsearch(struct shape_state *state)
{
	static const int numbers[] = {1};
	int key = 2;

	ENTER(state);
	KEEP(bsearch(&key, numbers, 1, sizeof(numbers[0]), compare));
	LEAVE(state);
}

static NOINLINE void handler(int number, siginfo_t *info, void *data)
{
	struct shape_state *state = current;
	ucontext_t *context = data;

	(void)info;
	state->truth[state->truth_count++] = (uint64_t)context->uc_mcontext.gregs[REG_RIP];
	ENTER_AT_START(state);
	grow(state);
	LEAVE(state);
	LEAVE(state);
	if (number == SIGILL)
		context->uc_mcontext.gregs[REG_RIP] += 2;
}

static void catch_signal(int number, int flags)
{
	struct sigaction action = {.sa_sigaction = handler, .sa_flags = SA_SIGINFO | flags};

	sigaction(number, &action, NULL);
}

static NOINLINE void by_signal(struct shape_state *state)
{
	ENTER(state);
	state->is_in_signal = true;
	catch_signal(SIGUSR1, 0);
	raise(SIGUSR1);
	state->is_in_signal = false;
	LEAVE(state);
}

static NOINLINE void by_alt_signal(struct shape_state *state)
{
	stack_t stack = {.ss_sp = malloc(STACK_BYTES), .ss_size = STACK_BYTES}, before;

	ENTER(state);
	state->is_in_signal = true;
	sigaltstack(&stack, &before);
	catch_signal(SIGUSR2, SA_ONSTACK);
	raise(SIGUSR2);
	sigaltstack(&before, NULL);
	free(stack.ss_sp);
	state->is_in_signal = false;
	LEAVE(state);
}

static NOINLINE void by_fault(struct shape_state *state)
{
	ENTER(state);
	state->is_in_signal = true;
	catch_signal(SIGILL, 0);
	__asm__ volatile("ud2" : : : "memory");
	state->is_in_signal = false;
	LEAVE(state);
}

static void fiber_main(void)
{
	struct shape_state *state = current;

	ENTER_AT_START(state);
	grow(state);
	LEAVE(state);
}

/* What is below a fiber's first function is not our stack: the truth starts again. */
static NOINLINE void by_fiber(struct shape_state *state)
{
	ucontext_t fiber, back;
	unsigned count = state->truth_count;
	uint64_t *kept = malloc((count + 1) * sizeof(*kept));

	memcpy(kept, state->truth, count * sizeof(*kept));
	state->truth_count = 0;
	state->is_in_fiber = true;
	getcontext(&fiber);
	fiber.uc_stack.ss_sp = malloc(STACK_BYTES);
	fiber.uc_stack.ss_size = STACK_BYTES;
	fiber.uc_link = &back;
	makecontext(&fiber, fiber_main, 0);
	swapcontext(&back, &fiber);
	free(fiber.uc_stack.ss_sp);
	state->is_in_fiber = false;
	memcpy(state->truth, kept, count * sizeof(*kept));
	state->truth_count = count;
	free(kept);
}

static void from_frame(void *data)
{
	struct shape_state *state = data;

	ENTER(state);
	grow(state);
	LEAVE(state);
}

static NOINLINE void by_frame(struct shape_state *state, enum shape shape)
{
	static shape_frame *const functions[] = {
		frame_cfa_in_rbx, frame_cfa_in_r12,	   frame_cfa_in_r13,  frame_cfa_in_r14,
		frame_cfa_in_r15, frame_cfa_by_expression, frame_ra_in_r12,   frame_bp_in_rbx,
		frame_remembers,  frame_undescribed,	   frame_behind_stub,
	};

	ENTER(state);
	functions[shape - SHAPE_FIRST_FRAME](from_frame, state);
	LEAVE(state);
}

static void (*const shapes[SHAPE_FIRST_FRAME])(struct shape_state *) = {
	[SHAPE_PLAIN] = plain,
	[SHAPE_REGISTERS] = registers,
	[SHAPE_VLA] = vla,
	[SHAPE_ALIGNED] = aligned,
	[SHAPE_REALIGNED] = realigned,
	[SHAPE_ALIGNED_ENTRY] = aligned_entry,
	[SHAPE_MANY_ARGUMENTS] = many_arguments,
	[SHAPE_LARGE] = large,
	[SHAPE_POINTER] = pointer,
	[SHAPE_TAIL] = tail,
	[SHAPE_QSORT] = by_qsort,
	[SHAPE_BSEARCH] = by_bsearch,
	[SHAPE_SIGNAL] = by_signal,
	[SHAPE_ALT_SIGNAL] = by_alt_signal,
	[SHAPE_FAULT] = by_fault,
	[SHAPE_FIBER] = by_fiber,
};

/* Small stacks have no room for large frames, and neither signals nor fibers nest. */
static bool is_possible(const struct shape_state *state, enum shape shape)
{
	bool is_elsewhere = state->is_in_signal || state->is_in_fiber;

	switch (shape) {
	case SHAPE_SIGNAL:
	case SHAPE_ALT_SIGNAL:
	case SHAPE_FAULT:
		return !state->is_in_signal;
	case SHAPE_FIBER:
	case SHAPE_LARGE:
	case SHAPE_REMEMBERS:
		return !is_elsewhere;
	default:
		return true;
	}
}

static enum shape choose(struct shape_state *state)
{
	enum shape shape;

	do {
		state->random = state->random * 1664525u + 1013904223u;
		shape = (enum shape)((state->random >> 16) % SHAPE_COUNT);
	} while ((state->allowed >> shape & 1) == 0 || !is_possible(state, shape));
	return shape;
}

static NOINLINE void grow(struct shape_state *state)
{
	ENTER(state);
	if (state->depth_left == 0) {
		state->leaf(state);
	} else {
		enum shape shape = choose(state);

		state->depth_left--;
		if (shape < SHAPE_FIRST_FRAME)
			shapes[shape](state);
		else
			by_frame(state, shape);
		state->depth_left++;
		KEEP(state);
	}
	LEAVE(state);
}

void SHAPES_NAME(struct shape_state *state)
{
	current = state;
	ENTER(state);
	grow(state);
	LEAVE(state);
}
