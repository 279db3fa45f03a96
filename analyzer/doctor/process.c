/* SPDX-License-Identifier: Apache-2.0 */
/*
 * process.c - examines a running process, traced or not.
 */
#include <elf.h>
#include <errno.h>
#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/size_text.h"
#include "doctor/doctor.h"
#include "doctor/files.h"
#include "doctor/system.h"
#include "memtrace/env.h"
#include "model/drop_text.h"
#include "model/executable.h"
#include "model/process_state.h"
#include "model/target.h"

/* The word behind a name in /proc/PID/status; "" where it is not there. */
static void read_status(pid_t pid, const char *name, char word[32])
{
	size_t bytes = strlen(name);
	char path[32], line[256];
	FILE *file;

	word[0] = '\0';
	(void)snprintf(path, sizeof(path), "/proc/%d/status", (int)pid);
	file = fopen(path, "re");
	while (file != NULL && word[0] == '\0' && fgets(line, sizeof(line), file) != NULL)
		if (strncmp(line, name, bytes) == 0 && line[bytes] == ':')
			(void)sscanf(line + bytes + 1, "%31s", word);
	if (file != NULL)
		(void)fclose(file);
}

/* Whether the kernel has told its loader to be careful. */
static bool is_secure(pid_t pid)
{
	Elf64_auxv_t entry;
	bool is_found = false;
	char path[32];
	FILE *file;

	(void)snprintf(path, sizeof(path), "/proc/%d/auxv", (int)pid);
	file = fopen(path, "re");
	while (file != NULL && !is_found && fread(&entry, sizeof(entry), 1, file) == 1)
		is_found = entry.a_type == AT_SECURE && entry.a_un.a_val != 0;
	if (file != NULL)
		(void)fclose(file);
	return is_found;
}

static bool has_shim(const struct doctor_files *files)
{
	for (size_t i = 0; i < files->count; i++)
		if (strstr(files->files[i].path, "/" MT_SHIM_NAME) != NULL)
			return true;
	return false;
}

/* ---- a process without a program ---- */

/* Return: 0, and it was told; -EEXIST it has one; -ENOENT it is gone. */
static int explain_empty(pid_t pid, struct diagnoses *diagnoses, struct error *error)
{
	char exe[32], state[32], program[1];

	(void)snprintf(exe, sizeof(exe), "/proc/%d/exe", (int)process_task(pid));
	if (readlink(exe, program, sizeof(program)) >= 0 || errno != ENOENT)
		return -EEXIST;
	read_status(pid, "State", state);
	if (state[0] == '\0')
		return error_set(error, -ENOENT, "process %d: no such process", (int)pid);
	if (state[0] == 'Z' || state[0] == 'X')
		diagnoses_add(diagnoses, DIAGNOSIS_PROBLEM, "process",
			      "look for the file that it left: memtrace list",
			      "process %d has ended; its parent has not waited for it", (int)pid);
	else
		diagnoses_add(diagnoses, DIAGNOSIS_PROBLEM, "process",
			      "give the process of a program",
			      "process %d is a part of the kernel: it has no malloc", (int)pid);
	return 0;
}

/* ---- a process without a trace file ---- */

static void take_look(void *context, const struct executable_look *look)
{
	/* it runs, so what it needs was there: seen from here it may be elsewhere */
	if (look->obstacle != EXECUTABLE_FINE && look->obstacle != EXECUTABLE_MISSING &&
	    look->obstacle != EXECUTABLE_NO_LOADER)
		diagnoses_add(context, DIAGNOSIS_PROBLEM, look->check,
			      executable_advice(look->obstacle), "%s", look->text);
}

static void explain_untraced(pid_t pid, const struct doctor_files *files,
			     struct diagnoses *diagnoses, const struct error *reason)
{
	char exe[32];

	if (has_shim(files)) {
		diagnoses_add(diagnoses, DIAGNOSIS_PROBLEM, "tracing",
			      "see what the tracer said on standard error when the process began; "
			      "choose a folder by MEMTRACE_OUT",
			      "%s, although the tracer is loaded", reason->text);
		return;
	}
	diagnoses_add(diagnoses, DIAGNOSIS_PROBLEM, "tracing",
		      "start it again with memtrace run: nothing can be added to a running process",
		      "%s", reason->text);
	if (is_secure(pid)) {
		diagnoses_add(
			diagnoses, DIAGNOSIS_PROBLEM, "privileges",
			executable_advice(EXECUTABLE_PRIVILEGED),
			"process %d gained privileges when it was started: the loader ignored "
			"preloads",
			(int)pid);
		return;
	}
	(void)snprintf(exe, sizeof(exe), "/proc/%d/exe", (int)process_task(pid));
	executable_examine(exe, take_look, diagnoses);
}

/* ---- a process with one ---- */

static void tell_file(const struct target *target, const struct snapshot *snapshot,
		      struct diagnoses *diagnoses)
{
	char folder[PATH_MAX], *slash;
	const char *name;
	struct stat status;
	size_t root_bytes;

	if (target->input.fd < 0 || fstat(target->input.fd, &status) != 0) {
		diagnoses_add(diagnoses, DIAGNOSIS_WARNING, "tracing",
			      "take a snapshot before it ends",
			      "%s: cannot be opened from here; read from the memory of the process",
			      target->path);
		return;
	}
	if (status.st_nlink == 0)
		diagnoses_add(diagnoses, DIAGNOSIS_WARNING, "tracing",
			      "take a snapshot before the process ends: memtrace snapshot PID",
			      "%s: was deleted: it is gone when the process ends", target->path);
	else
		diagnoses_add(diagnoses, DIAGNOSIS_OK, "tracing", NULL,
			      "%s: %s on disk, %" PRIu64 " call stacks", target->path,
			      size_text((int64_t)status.st_blocks * 512).text,
			      (uint64_t)snapshot->site_count);
	root_bytes = (size_t)snprintf(folder, sizeof(folder), "/proc/%d/root", (int)target->task);
	(void)snprintf(folder + root_bytes, sizeof(folder) - root_bytes, "%s", target->path);
	slash = strrchr(folder, '/');
	*slash = '\0';
	name = slash > folder + root_bytes ? folder + root_bytes : "/";
	if (status.st_nlink > 0)
		doctor_folder(diagnoses, access(folder, F_OK) == 0 ? folder : name, name);
}

static void tell_state(const struct snapshot *snapshot, struct diagnoses *diagnoses)
{
	int64_t unseen = snapshot->totals[MT_TOTAL_UNSEEN_FREE_COUNT];

	if (snapshot->process.is_stopped)
		diagnoses_add(diagnoses, DIAGNOSIS_WARNING, "recording", "memtrace ctl PID start",
			      "recording is switched off");
	else
		diagnoses_add(diagnoses, DIAGNOSIS_OK, "recording", NULL,
			      "%" PRId64 " allocations recorded so far",
			      snapshot->totals[MT_TOTAL_ALLOC_COUNT]);
	if (unseen > 0)
		diagnoses_add(diagnoses, DIAGNOSIS_WARNING, "unseen",
			      "look for RTLD_DEEPBIND, dlmopen() and calls through dlsym()",
			      "%" PRId64 " blocks were freed behind the tracer's back", unseen);
	for (size_t i = 0; i < snapshot->message_count; i++)
		if (snapshot->messages[i].severity > 1)
			diagnoses_add(diagnoses, DIAGNOSIS_WARNING, "message", NULL, "%s",
				      snapshot->messages[i].text);
}

static void tell_drops(const struct snapshot *snapshot, struct diagnoses *diagnoses)
{
	size_t before = diagnoses->count;

	for (uint32_t drop = 0; drop < MT_DROP_COUNT; drop++)
		if (snapshot->drops[drop] != 0)
			diagnoses_add(diagnoses,
				      mt_drop_is_loss(drop) ? DIAGNOSIS_WARNING : DIAGNOSIS_NOTE,
				      "dropped", drop_texts[drop].advice, "%" PRIu64 " %s",
				      snapshot->drops[drop], drop_texts[drop].meaning);
	if (diagnoses->count == before)
		diagnoses_add(diagnoses, DIAGNOSIS_OK, "dropped", NULL, "nothing");
}

/* What only the whole file tells; it is read once more for that. */
static void tell_trace(struct target *target, struct diagnoses *diagnoses)
{
	struct snapshot *snapshot;
	struct error error = {""};

	if (snapshot_load_input(&target->input, target->path, true, &snapshot, &error) != 0) {
		diagnoses_add(diagnoses, DIAGNOSIS_PROBLEM, "tracing", NULL, "%s", error.text);
		return;
	}
	tell_file(target, snapshot, diagnoses);
	tell_state(snapshot, diagnoses);
	tell_drops(snapshot, diagnoses);
	snapshot_free(snapshot);
}

/* ---- what holds for both ---- */

static void tell_seccomp(pid_t pid, struct diagnoses *diagnoses)
{
	char mode[32];

	read_status(pid, "Seccomp", mode);
	if (strcmp(mode, "1") == 0)
		diagnoses_add(diagnoses, DIAGNOSIS_WARNING, "seccomp", NULL,
			      "in strict mode: neither malloc nor the tracer can take more memory");
	else if (strcmp(mode, "2") == 0)
		diagnoses_add(diagnoses, DIAGNOSIS_NOTE, "seccomp",
			      "take snapshots from outside: memtrace snapshot PID",
			      "has a filter: the tracer needs only what malloc needs, snapshots of "
			      "itself and MEMTRACE_RSS need to open files");
}

int doctor_process(pid_t pid, struct diagnoses *diagnoses, struct error *error)
{
	struct doctor_files files = {NULL, 0};
	struct error reason = {""};
	struct target target;
	int ret = target_open(pid, &target, &reason);

	if (ret == -ENOENT)
		return error_set(error, ret, "%s", reason.text);
	if (ret != 0 && ret != -ENODATA) {
		diagnoses_add(diagnoses, DIAGNOSIS_PROBLEM, "rights",
			      "run as the user of the process, or as root", "%s", reason.text);
		return 0;
	}
	if (ret != 0) {
		int empty = explain_empty(pid, diagnoses, error);

		if (empty != -EEXIST)
			return empty;
	}
	(void)doctor_files_of_process(process_task(pid), &files, diagnoses);
	if (ret == 0)
		tell_trace(&target, diagnoses);
	else
		explain_untraced(pid, &files, diagnoses, &reason);
	doctor_files_judge(&files, diagnoses);
	tell_seccomp(pid, diagnoses);
	doctor_limits(diagnoses, pid);
	doctor_files_fini(&files);
	if (ret == 0)
		target_close(&target);
	return 0;
}
