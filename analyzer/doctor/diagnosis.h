/* SPDX-License-Identifier: Apache-2.0 */
/*
 * diagnosis.h - what an examination has found, each with what to do about it.
 */
#ifndef DOCTOR_DIAGNOSIS_H
#define DOCTOR_DIAGNOSIS_H

#include <stdbool.h>
#include <stddef.h>

enum diagnosis_level {
	DIAGNOSIS_OK,
	DIAGNOSIS_NOTE,	   /* good to know; all figures are right */
	DIAGNOSIS_WARNING, /* something is not seen, or may run out */
	DIAGNOSIS_PROBLEM, /* tracing will not work, or does not */
	DIAGNOSIS_LEVEL_COUNT
};

struct diagnosis {
	enum diagnosis_level level;
	const char *check;  /* what was looked at, one word */
	const char *advice; /* what to do; NULL = nothing */
	char *text;	    /* what was found, one line */
};

struct diagnoses {
	struct diagnosis *rows; /* in the order in which they were made */
	size_t count;
	bool has_failed; /* out of memory: rows are missing */
};

/**
 * diagnoses_add() - append one.
 * @check, @advice: not copied.
 */
void diagnoses_add(struct diagnoses *diagnoses, enum diagnosis_level level, const char *check,
		   const char *advice, const char *format, ...)
	__attribute__((format(printf, 5, 6)));

size_t diagnoses_count(const struct diagnoses *diagnoses, enum diagnosis_level level);
void diagnoses_fini(struct diagnoses *diagnoses);

#endif
