/* SPDX-License-Identifier: Apache-2.0 */
/*
 * diagnoses.h - what an examination has found, as text or as JSON.
 */
#ifndef RENDER_DIAGNOSES_H
#define RENDER_DIAGNOSES_H

#include <stdbool.h>
#include <stdio.h>

#include "doctor/diagnosis.h"

/**
 * diagnoses_print_text() - one line each, and what to do below it; at the end what it comes to.
 * @subject: command or process that was examined, as the user called it.
 */
void diagnoses_print_text(const struct diagnoses *diagnoses, const char *subject, bool has_color,
			  FILE *out);
void diagnoses_print_json(const struct diagnoses *diagnoses, const char *subject, FILE *out);

#endif
