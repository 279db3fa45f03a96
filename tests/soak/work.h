/* SPDX-License-Identifier: Apache-2.0 */
/*
 * work.h - what the threads of the soak do.
 */
#ifndef SOAK_WORK_H
#define SOAK_WORK_H

#include <stddef.h>
#include <stdint.h>

#define WORK_SLOTS 400

/* A thread that lives long. */
struct worker {
	int number;
	uint32_t seed;
	void *blocks[WORK_SLOTS];
	size_t sizes[WORK_SLOTS];
	void *resized;
	size_t resized_bytes;
	uintptr_t reported[WORK_SLOTS];
};

void work_step(struct worker *worker);

/* Frees what this worker has. */
void work_end(struct worker *worker);

/* Some threads that live shortly: joined, detached, cancelled, ended by pthread_exit(). */
void work_short_threads(void);

/* Frees what threads have left for others. */
void work_take_back(void);

#endif
