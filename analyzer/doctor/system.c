/* SPDX-License-Identifier: Apache-2.0 */
/*
 * system.c - what the machine and the user's limits mean for tracing.
 */
#define _GNU_SOURCE 1 /* prlimit() */
#include "doctor/system.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "base/size_text.h"
#include "memtrace/format.h"
#include "model/output_folder.h"
#include "model/shim.h"

#define MIB ((uint64_t)1 << 20)
#define ROOM_BYTES_ENOUGH (64 * MIB)   /* for some 200,000 call stacks */
#define MEMORY_BYTES_SMALL (256 * MIB) /* containers have 64 MiB in /dev/shm by default */

/* ---- limits ---- */

static const struct limit_row {
	int resource;
	const char *name;
	uint64_t enough_bytes; /* below it is a warning, else a note */
	uint64_t least_bytes;  /* below it nothing can be recorded */
	const char *meaning;
	const char *advice;
} limits[] = {
	{RLIMIT_FSIZE, "file size", ROOM_BYTES_ENOUGH, MT_LIVE_BYTES_MIN,
	 "the trace file cannot grow beyond it", "raise it: ulimit -f unlimited"},
	{RLIMIT_AS, "address space", ROOM_BYTES_ENOUGH, 0,
	 "the tracer takes some 6 MiB of it and 24 bytes for each live block",
	 "raise it: ulimit -v unlimited"},
	{RLIMIT_DATA, "data", ROOM_BYTES_ENOUGH, 0,
	 "the tracer takes some 2 MiB of it and 24 bytes for each live block",
	 "raise it: ulimit -d unlimited"},
};

/* Return: whether the limit is known. */
static bool tell_limit(struct diagnoses *diagnoses, pid_t pid, const struct limit_row *row)
{
	enum diagnosis_level level = DIAGNOSIS_NOTE;
	struct rlimit limit;

	if (prlimit(pid, (enum __rlimit_resource)row->resource, NULL, &limit) != 0)
		return false;
	if (limit.rlim_cur > INT64_MAX) /* as good as none */
		return true;
	if (limit.rlim_cur < row->enough_bytes)
		level = DIAGNOSIS_WARNING;
	if (limit.rlim_cur < row->least_bytes)
		level = DIAGNOSIS_PROBLEM;
	diagnoses_add(diagnoses, level, "limits", row->advice, "%s limited to %s: %s%s", row->name,
		      size_text((int64_t)limit.rlim_cur).text, row->meaning,
		      level == DIAGNOSIS_PROBLEM ? ", and is not even made" : "");
	return true;
}

void doctor_limits(struct diagnoses *diagnoses, pid_t pid)
{
	size_t before = diagnoses->count;
	bool are_known = true;

	for (size_t i = 0; i < sizeof(limits) / sizeof(limits[0]); i++)
		are_known &= tell_limit(diagnoses, pid, &limits[i]);
	if (are_known && diagnoses->count == before)
		diagnoses_add(diagnoses, DIAGNOSIS_OK, "limits", NULL,
			      "no resource limit stands in the way");
}

/* ---- the trace file ---- */

static void tell_reserving(struct diagnoses *diagnoses, const char *folder, int status)
{
	struct utsname name = {.release = "?"};

	(void)uname(&name);
	if (status == -EINVAL)
		diagnoses_add(diagnoses, DIAGNOSIS_WARNING, "kernel",
			      "run on Linux 5.14 or later if the program has many call stacks",
			      "Linux %s cannot reserve pages of a file (MADV_POPULATE_WRITE): the "
			      "trace file does not grow beyond its first %s",
			      name.release, size_text(MT_LIVE_BYTES_MIN).text);
	else
		diagnoses_add(diagnoses, DIAGNOSIS_PROBLEM, "output",
			      "make room, or use another folder: run --output DIR", "%s: %s",
			      folder, strerror(-status));
}

static const char elsewhere[] = "use another folder: run --output DIR or --live DIR";

/* What works, but may not for long, or slowly. */
static void tell_room(struct diagnoses *diagnoses, const char *folder,
		      const struct output_probe *probe)
{
	if (probe->is_memory && probe->total_bytes < MEMORY_BYTES_SMALL)
		diagnoses_add(diagnoses, DIAGNOSIS_WARNING, "output",
			      "give the container more (--shm-size), or use another folder",
			      "%s: a memory file system of only %s", folder,
			      size_text((int64_t)probe->total_bytes).text);
	if (probe->free_bytes < ROOM_BYTES_ENOUGH)
		diagnoses_add(diagnoses, DIAGNOSIS_WARNING, "output", elsewhere,
			      "%s: only %s free; what finds no room is not recorded", folder,
			      size_text((int64_t)probe->free_bytes).text);
	if (probe->slow_name != NULL)
		diagnoses_add(diagnoses, DIAGNOSIS_NOTE, "output", "run --live /dev/shm",
			      "%s: on %s, where mapped files are slow or may be lost", folder,
			      probe->slow_name);
}

void doctor_folder(struct diagnoses *diagnoses, const char *where, const char *folder)
{
	size_t before = diagnoses->count;
	struct output_probe probe;

	output_folder_probe(where, &probe);
	if (probe.make_status != 0)
		diagnoses_add(diagnoses, DIAGNOSIS_PROBLEM, "output", elsewhere,
			      "%s: no file can be made: %s", folder, strerror(-probe.make_status));
	else if (probe.map_status != 0)
		diagnoses_add(diagnoses, DIAGNOSIS_PROBLEM, "output", elsewhere,
			      "%s: its file system cannot map files: %s", folder,
			      strerror(-probe.map_status));
	else if (probe.reserve_status != 0)
		tell_reserving(diagnoses, folder, probe.reserve_status);
	if (probe.make_status == 0)
		tell_room(diagnoses, folder, &probe);
	if (diagnoses->count == before)
		diagnoses_add(diagnoses, DIAGNOSIS_OK, "output", NULL,
			      "%s: can be written, %s free", folder,
			      size_text((int64_t)probe.free_bytes).text);
}

/* As the tracer does it: the working directory, $TMPDIR, /tmp. */
static bool find_default_folder(struct diagnoses *diagnoses, char *folder)
{
	const char *temporary = getenv("TMPDIR");
	struct error error = {""};
	const char *places[] = {NULL, temporary != NULL ? temporary : "/tmp", "/tmp"};

	if (getcwd(folder, PATH_MAX) == NULL)
		(void)error_set(&error, 0, "working directory: %s", strerror(errno));
	else if (output_folder_check(folder, true, NULL, &error) == 0)
		return true;
	for (size_t i = 1; i < sizeof(places) / sizeof(places[0]); i++) {
		if (places[i][0] != '/' || output_folder_check(places[i], true, NULL, NULL) != 0)
			continue;
		diagnoses_add(diagnoses, DIAGNOSIS_NOTE, "output", "name another: run --output DIR",
			      "%s: the trace file will be in %s", error.text, places[i]);
		(void)snprintf(folder, PATH_MAX, "%s", places[i]);
		return true;
	}
	diagnoses_add(diagnoses, DIAGNOSIS_PROBLEM, "output",
		      "name another folder: run --output DIR",
		      "%s, nor is there another place for the trace file", error.text);
	return false;
}

void doctor_output(struct diagnoses *diagnoses, const struct doctor_output *output)
{
	char folder[PATH_MAX];
	struct error error = {""};

	if (output->path[0] == '\0') {
		if (find_default_folder(diagnoses, folder))
			doctor_folder(diagnoses, folder, folder);
		return;
	}
	if (output_folder_check(output->path, output->is_folder, folder, &error) != 0)
		diagnoses_add(diagnoses, DIAGNOSIS_PROBLEM, "output",
			      "make the folder, or name another: run --output DIR", "%s",
			      error.text);
	else if (folder[0] != '\0')
		doctor_folder(diagnoses, folder, folder);
}

/* ---- the tracer ---- */

void doctor_tracer(struct diagnoses *diagnoses)
{
	char path[PATH_MAX];
	struct error error = {""};

	if (shim_find(path, &error) != 0)
		diagnoses_add(diagnoses, DIAGNOSIS_PROBLEM, "preload", "install memtrace again",
			      "%s", error.text);
}

void doctor_ptrace(struct diagnoses *diagnoses)
{
	FILE *file = fopen("/proc/sys/kernel/yama/ptrace_scope", "re");
	int scope = 0;

	if (file == NULL)
		return;
	if (fscanf(file, "%d", &scope) == 1 && scope > 0 && geteuid() != 0)
		diagnoses_add(diagnoses, DIAGNOSIS_NOTE, "ptrace",
			      "keep the trace file, or run memtrace as root",
			      "ptrace_scope is %d: the memory of a process cannot be read from "
			      "outside, its trace file can",
			      scope);
	(void)fclose(file);
}
