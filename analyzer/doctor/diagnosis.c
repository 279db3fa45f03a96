/* SPDX-License-Identifier: Apache-2.0 */
/*
 * diagnosis.c - what an examination has found, each with what to do about it.
 */
#define _GNU_SOURCE 1 /* vasprintf() */
#include "doctor/diagnosis.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

void diagnoses_add(struct diagnoses *diagnoses, enum diagnosis_level level, const char *check,
		   const char *advice, const char *format, ...)
{
	struct diagnosis *longer =
		reallocarray(diagnoses->rows, diagnoses->count + 1, sizeof(*longer));
	char *text = NULL;
	va_list args;

	if (longer != NULL)
		diagnoses->rows = longer;
	va_start(args, format);
	if (vasprintf(&text, format, args) < 0)
		text = NULL;
	va_end(args);
	if (longer == NULL || text == NULL) {
		diagnoses->has_failed = true;
		free(text);
		return;
	}
	longer[diagnoses->count++] =
		(struct diagnosis){.level = level, .check = check, .advice = advice, .text = text};
}

size_t diagnoses_count(const struct diagnoses *diagnoses, enum diagnosis_level level)
{
	size_t count = 0;

	for (size_t i = 0; i < diagnoses->count; i++)
		count += diagnoses->rows[i].level == level;
	return count;
}

void diagnoses_fini(struct diagnoses *diagnoses)
{
	for (size_t i = 0; i < diagnoses->count; i++)
		free(diagnoses->rows[i].text);
	free(diagnoses->rows);
	*diagnoses = (struct diagnoses){0};
}
