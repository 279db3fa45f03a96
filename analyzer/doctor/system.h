/* SPDX-License-Identifier: Apache-2.0 */
/*
 * system.h - what the machine and the user's limits mean for tracing. Private to this folder.
 */
#ifndef DOCTOR_SYSTEM_H
#define DOCTOR_SYSTEM_H

#include <stdbool.h>
#include <sys/types.h>

#include "doctor/diagnosis.h"
#include "doctor/doctor.h"

/**
 * doctor_limits() - resource limits of a process that matter.
 * @pid: 0 = of this one, which the program would inherit.
 */
void doctor_limits(struct diagnoses *diagnoses, pid_t pid);

/**
 * doctor_output() - the folder of the trace file, before there is one.
 */
void doctor_output(struct diagnoses *diagnoses, const struct doctor_output *output);

/**
 * doctor_folder() - what the file system of a folder means for a trace file in it.
 * @where: the name by which it can be reached here.
 */
void doctor_folder(struct diagnoses *diagnoses, const char *where, const char *folder);

/**
 * doctor_tracer() - whether the tracer itself is there.
 */
void doctor_tracer(struct diagnoses *diagnoses);

/**
 * doctor_ptrace() - whether the memory of a process can be read from outside.
 */
void doctor_ptrace(struct diagnoses *diagnoses);

#endif
