/* SPDX-License-Identifier: Apache-2.0 */
/*
 * stress.h - threads that do one thing at random for a while and are disturbed in the middle of it.
 *
 * Each program here ends with status 0 or says on standard error what is not as it should be and aborts.
 */
#ifndef STRESS_STRESS_H
#define STRESS_STRESS_H

#include <stdbool.h>
#include <stdint.h>

#define STRESS_THREAD_MAX 16u

struct stress_thread {
	uint32_t number;
	uint64_t random; /* state of stress_random() */
	uint64_t round_count;
};

/**
 * stress_run() - run a step in several threads over and over, for about a second and a half.
 *
 * Signals interrupt the threads at random points of a step and give the processor to another one there.
 */
void stress_run(uint32_t thread_count, void (*step)(struct stress_thread *thread));

/* The same with another step for the last thread. */
void stress_run_two(uint32_t thread_count, void (*step)(struct stress_thread *thread),
		    void (*last)(struct stress_thread *thread));

/*
 * Random numbers follow from it: $STRESS_SEED, or another one each time. Odd, and the same in all threads; the program
 * says which it was.
 */
uint64_t stress_seed(void);

/* What the signals do beside giving the processor away; may do whatever a handler may. */
void stress_in_handler(void (*function)(void));

/* Uniform below limit. */
uint64_t stress_random(struct stress_thread *thread, uint64_t limit);

/* Makes a trace file in a new folder and removes both names at once: it stays mapped. */
void stress_make_trace_file(void);

void stress_fail(const char *file, int line, const char *claim) __attribute__((noreturn));

#define STRESS_CHECK(claim)                                                                        \
	do {                                                                                       \
		if (!(claim))                                                                      \
			stress_fail(__FILE__, __LINE__, #claim);                                   \
	} while (0)

#endif
