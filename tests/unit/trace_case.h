/* SPDX-License-Identifier: Apache-2.0 */
/*
 * trace_case.h - a trace file in a folder of its own, for tests of what is kept in it.
 */
#ifndef UNIT_TRACE_CASE_H
#define UNIT_TRACE_CASE_H

#include <stddef.h>
#include <stdint.h>

#define TRACE_CASE_PATH_MAX 256

/* Fixture of a Check test case: makes a folder and in it the trace file; removes both. */
void trace_case_start(void);
void trace_case_finish(void);

/* The same without the file. */
void trace_case_start_empty(void);

/* Path of a file in the folder. */
void trace_case_path(const char *name, char path[TRACE_CASE_PATH_MAX]);

/* Path of the trace file. */
const char *trace_case_file(void);

/* Number of open descriptors of this process. */
int trace_case_descriptors(void);

/* Waits for a child made by fork; fails the test unless it exited with 0. */
void trace_case_wait(int pid);

/*
 * In a child made by fork: ends it with status 1 when the claim does not hold. Check's own assertions would
 * go on in the child as if it were the test.
 */
#define TRACE_CASE_CHILD(claim)                                                                    \
	do {                                                                                       \
		if (!(claim))                                                                      \
			trace_case_child_fails(__FILE__, __LINE__, #claim);                        \
	} while (0)

void trace_case_child_fails(const char *file, int line, const char *claim)
	__attribute__((noreturn));

/* Pages of the file that the system keeps in memory, of its first 16 MiB, and that it takes up on the disk. */
void trace_case_pages(uint64_t *cached, uint64_t *stored);

#endif
