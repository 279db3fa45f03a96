/* SPDX-License-Identifier: Apache-2.0 */
/*
 * doctor.h - what will limit, or does limit, the tracing of a program. Nothing is started, stopped or changed.
 */
#ifndef DOCTOR_DOCTOR_H
#define DOCTOR_DOCTOR_H

#include <stdbool.h>
#include <sys/types.h>

#include "base/error.h"
#include "doctor/diagnosis.h"

/* Where the trace file is to go. */
struct doctor_output {
	char path[4096]; /* absolute; "" = where it goes by default */
	bool is_folder;
};

/**
 * doctor_command() - examine a program that `run` could start from here.
 *
 * Return: 0; -ENOENT there is no such command, as error says.
 */
int doctor_command(const char *name, const struct doctor_output *output,
		   struct diagnoses *diagnoses, struct error *error);

/**
 * doctor_process() - examine a running process, traced or not.
 *
 * Return: 0; -ENOENT there is no such process, as error says.
 */
int doctor_process(pid_t pid, struct diagnoses *diagnoses, struct error *error);

#endif
