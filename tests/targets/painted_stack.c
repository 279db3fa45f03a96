/* SPDX-License-Identifier: Apache-2.0 */
/*
 * painted_stack.c - how much stack a call of an allocation function overwrites: on the main thread, on a
 * thread of 16 KiB, and on an alternate stack with 4 KiB left beside the kernel's frame.
 *
 * What lies below the stack pointer is painted before each call and looked at afterwards. The target tells
 * the most that was overwritten, in bytes, per stack and kind of call.
 */
#include "truth.h"

#include <alloca.h>
#include <limits.h>
#include <pthread.h>
#include <signal.h>
#include <stdint.h>
#include <sys/auxv.h>
#include <sys/mman.h>

#ifndef AT_MINSIGSTKSZ
#define AT_MINSIGSTKSZ 51
#endif

#define PAINT 0x5a5aa5a55a5aa5a5u
#define PAINTED_BYTES 3328u /* fits on each of the stacks */
#define AGAIN 1000

typedef void work_function(long number);
typedef void frame_function(void (*callback)(void *), void *data);

/* functions of unwind_frames.S */
frame_function frame_cfa_in_rbx, frame_cfa_in_r12, frame_cfa_by_expression, frame_ra_in_r12;

static __thread uint64_t *painted_low;

static SITE void paint(void)
{
	uint64_t *low = alloca(PAINTED_BYTES);

	for (size_t i = 0; i < PAINTED_BYTES / sizeof(*low); i++)
		low[i] = PAINT;
	painted_low = low;
	__asm__ volatile("" : : "r"(low) : "memory");
}

/* Bytes below the caller's frame that `work` overwrites. */
static SITE size_t measure(work_function *work, long number)
{
	const uint64_t *word;
	uintptr_t sp;

	__asm__ volatile("movq %%rsp, %0" : "=r"(sp));
	paint();
	work(number);
	for (word = painted_low; (uintptr_t)word < sp && *word == PAINT; word++)
		;
	truth_require(word != painted_low, "enough paint");
	return sp - (uintptr_t)word;
}

static __thread void *kept;

static SITE void do_malloc(long number)
{
	kept = malloc(16 + (size_t)number % 1000);
	KEEP_FRAME();
}

static SITE void do_calloc(long number)
{
	kept = calloc(2, 16 + (size_t)number % 1000);
	KEEP_FRAME();
}

static SITE void do_aligned(long number)
{
	truth_require(posix_memalign(&kept, 64, 64 + (size_t)number % 1000) == 0, "memory");
}

static SITE void do_realloc(long number)
{
	kept = realloc(kept, 32 + (size_t)number % 1000);
	KEEP_FRAME();
}

static SITE void do_free(long number)
{
	(void)number;
	free(kept);
	kept = NULL;
	KEEP_FRAME();
}

/* Each of these calls from addresses that nobody has called from. */
#define FRESH(n)                                                                                   \
	static SITE void fresh_##n(long number)                                                    \
	{                                                                                          \
		volatile char room[(n)*8];                                                         \
                                                                                                   \
		room[0] = 0;                                                                       \
		do_malloc(number);                                                                 \
		room[(n)*8 - 1] = room[0];                                                         \
	}
FRESH(1)
FRESH(2)
FRESH(3)
FRESH(4)
FRESH(5)
FRESH(6)
FRESH(7)
FRESH(8)
FRESH(9)

#define STACK_COUNT 3
#define FRESH_COUNT 3

static work_function *const fresh[STACK_COUNT][FRESH_COUNT] = {{fresh_1, fresh_2, fresh_3},
							       {fresh_4, fresh_5, fresh_6},
							       {fresh_7, fresh_8, fresh_9}};

/* As many stacks as there are numbers of so many bits: tables grow. */
#define PATH_BITS 11

static SITE void path_left(long number, unsigned bits, size_t *most);

static SITE void path_right(long number, unsigned bits, size_t *most);

#define PATH_STEP                                                                                  \
	do {                                                                                       \
		if (bits == 0)                                                                     \
			raise_to(most, measure(do_malloc, number));                                \
		else if (number >> (bits - 1) & 1)                                                 \
			path_left(number, bits - 1, most);                                         \
		else                                                                               \
			path_right(number, bits - 1, most);                                        \
		KEEP_FRAME();                                                                      \
	} while (0)

static void raise_to(size_t *most, size_t bytes)
{
	if (bytes > *most)
		*most = bytes;
}

static SITE void path_left(long number, unsigned bits, size_t *most)
{
	PATH_STEP;
}

static SITE void path_right(long number, unsigned bits, size_t *most)
{
	PATH_STEP;
}

static const char *stack_name;

static void tell(const char *what, size_t bytes)
{
	char name[64];

	snprintf(name, sizeof(name), "%s %s", stack_name, what);
	truth_number(name, (long)bytes);
}

#define AGAIN_FIRST (AGAIN / 10)
#define AGAIN_RARE (AGAIN / 50) /* calls in which a table may be made anew */

static int compare_sizes(const void *a, const void *b)
{
	size_t left = *(const size_t *)a, right = *(const size_t *)b;

	return left < right ? -1 : left > right;
}

static void tell_again(const char *what, size_t *sizes, size_t count)
{
	char name[64];

	qsort(sizes, count, sizeof(*sizes), compare_sizes);
	tell(what, sizes[count - 1 - AGAIN_RARE]);
	snprintf(name, sizeof(name), "rare %s", what);
	tell(name, sizes[count - 1]);
}

/* Everything that has happened once; nothing new is learned. */
static void measure_again(void)
{
	static const struct {
		const char *name;
		work_function *work, *before, *after;
	} calls[] = {
		{"malloc", do_malloc, NULL, do_free},
		{"calloc", do_calloc, NULL, do_free},
		{"posix_memalign", do_aligned, NULL, do_free},
		{"realloc", do_realloc, do_malloc, do_free},
		{"free", do_free, do_malloc, NULL},
	};

	for (size_t i = 0; i < sizeof(calls) / sizeof(calls[0]); i++) {
		static size_t sizes[AGAIN];

		for (long number = 0; number < AGAIN; number++) {
			if (calls[i].before != NULL)
				calls[i].before(number);
			sizes[number] = measure(calls[i].work, number);
			if (calls[i].after != NULL)
				calls[i].after(number);
		}
		tell_again(calls[i].name, sizes + AGAIN_FIRST, AGAIN - AGAIN_FIRST);
	}
}

static void measure_fresh(unsigned stack)
{
	size_t most = 0;

	for (size_t i = 0; i < FRESH_COUNT; i++) {
		raise_to(&most, measure(fresh[stack][i], 10));
		do_free(0);
	}
	tell("new address", most);
}

static void from_odd_frame(void *most)
{
	raise_to(most, measure(do_malloc, 10));
	do_free(0);
}

/* Frames that are described by other registers, which have to be followed from the start. */
static void measure_odd(void)
{
	static frame_function *const frames[] = {frame_cfa_in_rbx, frame_cfa_in_r12,
						 frame_cfa_by_expression, frame_ra_in_r12};
	size_t most = 0;

	for (size_t i = 0; i < sizeof(frames) / sizeof(frames[0]); i++)
		frames[i](from_odd_frame, &most);
	tell("odd frame", most);
}

/* The blocks stay: so does what is known of them. */
static void measure_growth(void)
{
	size_t most = 0;

	for (long number = 0; number < 1L << PATH_BITS; number++)
		path_left(number, PATH_BITS, &most);
	tell("new stack", most);
}

enum stack { STACK_MAIN, STACK_THREAD, STACK_ALTERNATE };

static void measure_all(enum stack stack)
{
	static const char *const names[STACK_COUNT] = {"main", "thread", "alternate"};

	stack_name = names[stack];
	tell("first", measure(do_malloc, 10));
	do_free(0);
	measure_fresh(stack);
	measure_odd();
	measure_again();
	if (stack != STACK_ALTERNATE)
		measure_growth();
}

static void *in_thread(void *argument)
{
	(void)argument;
	measure_all(STACK_THREAD);
	return NULL;
}

static void run_thread(size_t stack_bytes)
{
	pthread_attr_t attributes;
	pthread_t thread;

	pthread_attr_init(&attributes);
	truth_require(pthread_attr_setstacksize(&attributes, stack_bytes) == 0, "stack size");
	truth_require(pthread_create(&thread, &attributes, in_thread, NULL) == 0, "pthread_create");
	pthread_join(thread, NULL);
	pthread_attr_destroy(&attributes);
}

static void on_signal(int signal)
{
	(void)signal;
	measure_all(STACK_ALTERNATE);
}

/* A guard below: too much is SIGSEGV. */
static void run_alternate(void)
{
	size_t bytes = (getauxval(AT_MINSIGSTKSZ) + 2 * 4096 - 1) & ~(size_t)4095;
	char *memory = mmap(NULL, bytes + 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS,
			    -1, 0);
	stack_t stack = {.ss_sp = memory + 4096, .ss_size = bytes};
	struct sigaction action = {.sa_handler = on_signal, .sa_flags = SA_ONSTACK};

	truth_require(memory != MAP_FAILED && mprotect(memory, 4096, PROT_NONE) == 0, "mmap");
	truth_require(sigaltstack(&stack, NULL) == 0, "sigaltstack");
	sigaction(SIGUSR1, &action, NULL);
	raise(SIGUSR1);
}

int main(void)
{
	measure_all(STACK_MAIN);
	run_thread((size_t)PTHREAD_STACK_MIN);
	run_alternate();
	return 0;
}
