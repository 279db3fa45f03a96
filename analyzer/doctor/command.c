/* SPDX-License-Identifier: Apache-2.0 */
/*
 * command.c - examines a program that `run` could start from here.
 */
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>

#include "doctor/doctor.h"
#include "doctor/files.h"
#include "doctor/system.h"
#include "model/executable.h"

struct examination {
	struct diagnoses *diagnoses;
	char program[PATH_MAX]; /* what runs in the end, if our loader loads it; else "" */
};

/* What is well is told only of the checks that somebody would ask about. */
static bool is_worth_saying(const char *check)
{
	static const char *const checks[] = {"script", "linking", "privileges"};

	for (size_t i = 0; i < sizeof(checks) / sizeof(checks[0]); i++)
		if (strcmp(checks[i], check) == 0)
			return true;
	return false;
}

static void take_look(void *context, const struct executable_look *look)
{
	struct examination *examination = context;

	if (strcmp(look->check, "unreadable") == 0)
		diagnoses_add(examination->diagnoses, DIAGNOSIS_WARNING, look->check,
			      "ask for the right to read it, or run memtrace as root",
			      "%s: %s: nothing more can be said, and its memory cannot be read "
			      "from outside",
			      look->path, look->text);
	else if (look->obstacle != EXECUTABLE_FINE)
		diagnoses_add(examination->diagnoses, DIAGNOSIS_PROBLEM, look->check,
			      executable_advice(look->obstacle), "%s", look->text);
	else if (is_worth_saying(look->check))
		diagnoses_add(examination->diagnoses, DIAGNOSIS_OK, look->check, NULL, "%s: %s",
			      look->path, look->text);
	if (look->obstacle == EXECUTABLE_STATIC || look->obstacle == EXECUTABLE_OTHER_LIBC)
		examination->program[0] = '\0';
	else if (strcmp(look->check, "linking") == 0)
		(void)snprintf(examination->program, sizeof(examination->program), "%s",
			       look->path);
}

int doctor_command(const char *name, const struct doctor_output *output,
		   struct diagnoses *diagnoses, struct error *error)
{
	struct examination examination = {.diagnoses = diagnoses};
	struct doctor_files files = {NULL, 0};
	char path[PATH_MAX];
	enum executable_obstacle obstacle = executable_find(name, path, error);

	if (obstacle == EXECUTABLE_MISSING)
		return -ENOENT;
	if (obstacle != EXECUTABLE_FINE) {
		diagnoses_add(diagnoses, DIAGNOSIS_PROBLEM, "command", executable_advice(obstacle),
			      "%s", error->text);
		return 0;
	}
	if (strcmp(name, path) != 0)
		diagnoses_add(diagnoses, DIAGNOSIS_OK, "command", NULL, "%s is %s", name, path);
	executable_examine(path, take_look, &examination);
	if (examination.program[0] != '\0')
		(void)doctor_files_of_program(examination.program, &files, diagnoses);
	doctor_files_judge(&files, diagnoses);
	doctor_tracer(diagnoses);
	doctor_output(diagnoses, output);
	doctor_limits(diagnoses, 0);
	doctor_ptrace(diagnoses);
	doctor_files_fini(&files);
	return 0;
}
