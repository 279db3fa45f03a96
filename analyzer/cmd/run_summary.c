/* SPDX-License-Identifier: Apache-2.0 */
/*
 * run_summary.c - the few lines that `run` ends with.
 */
#include "cmd/run_summary.h"

#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include "base/size_text.h"
#include "base/time_text.h"
#include "cmd/cmd.h"
#include "cmd/run_top.h"
#include "memtrace/env.h"
#include "model/snapshot.h"
#include "model/trace_folder.h"
#include "render/number_text.h"

/* Files of the program that was started: several where it replaced itself by exec or forked. */
struct found {
	char path[PATH_MAX]; /* of the last image of the process itself; "" = none */
	uint64_t start_realtime_ns;
	size_t other_count; /* further ones, of earlier images and of children */
};

static void look_into(const char *folder, const struct launch *launch, struct found *found)
{
	struct trace_folder files;

	if (trace_folder_read(folder, true, &files, NULL) != 0)
		return;
	for (size_t i = 0; i < files.count; i++) {
		const struct mt_header *header = &files.entries[i].header;

		if (header->kind != MT_KIND_LIVE ||
		    header->start_realtime_ns < launch->start_realtime_ns)
			continue;
		if (header->pid != launch->pid ||
		    header->start_realtime_ns < found->start_realtime_ns) {
			found->other_count += header->pid == launch->pid;
			continue;
		}
		found->other_count += found->path[0] != '\0';
		found->start_realtime_ns = header->start_realtime_ns;
		(void)snprintf(found->path, sizeof(found->path), "%s", files.entries[i].path);
	}
	trace_folder_free(&files);
}

/* The folder of a path that names one, or a file in one. */
static void look_around(const char *path, const struct launch *launch, struct found *found)
{
	char folder[PATH_MAX];
	struct stat status;
	char *slash;

	if (path == NULL || path[0] == '\0' || found->path[0] != '\0')
		return;
	(void)snprintf(folder, sizeof(folder), "%s", path);
	slash = strrchr(folder, '/');
	if (stat(folder, &status) != 0 || !S_ISDIR(status.st_mode)) {
		if (slash == NULL)
			(void)strcpy(folder, ".");
		else
			slash[slash == folder] = '\0';
	}
	look_into(folder, launch, found);
}

static void find(const char *output, const char *live, const struct launch *launch,
		 struct found *found)
{
	const char *chosen = output[0] != '\0' ? output : getenv(MT_ENV_OUT);

	look_around(chosen, launch, found);
	look_around(".", launch, found);
	look_around(live[0] != '\0' ? live : getenv(MT_ENV_LIVE), launch, found);
	look_around(getenv("TMPDIR"), launch, found);
	look_around("/tmp", launch, found);
}

static void print_line(const char *label, int64_t blocks, int64_t bytes)
{
	(void)fprintf(stderr, "  %-12s%s (%s blocks)\n", label, size_text(bytes).text,
		      number_text(blocks).text);
}

static void print_end(const struct launch *launch, const struct snapshot *snapshot)
{
	int status = launch->wait_status;

	(void)fprintf(stderr, "  %-12s%s, ", "program", snapshot->program);
	if (WIFSIGNALED(status))
		(void)fprintf(stderr, "ended by signal %d (%s)", WTERMSIG(status),
			      strsignal(WTERMSIG(status)));
	else
		(void)fprintf(stderr, "exit status %d", WEXITSTATUS(status));
	(void)fprintf(stderr, " after %s; at most %s resident\n",
		      time_text_span(launch->elapsed_ns).text,
		      size_text((int64_t)launch->usage.ru_maxrss * 1024).text);
}

static void print_totals(const struct snapshot *snapshot)
{
	const int64_t *totals = snapshot->totals;

	print_line("allocated", totals[MT_TOTAL_ALLOC_COUNT], totals[MT_TOTAL_ALLOC_BYTES]);
	print_line("freed", totals[MT_TOTAL_FREE_COUNT], totals[MT_TOTAL_FREED_BYTES]);
	(void)fprintf(stderr, "  %-12s%s\n", "peak",
		      size_text(totals[MT_TOTAL_PEAK_LIVE_BYTES]).text);
	print_line("at exit", totals[MT_TOTAL_LIVE_BLOCKS], totals[MT_TOTAL_LIVE_BYTES]);
	if (totals[MT_TOTAL_DROPPED_COUNT] != 0)
		(void)fprintf(stderr, "  %-12s%s events; memtrace info says which\n", "dropped",
			      number_text(totals[MT_TOTAL_DROPPED_COUNT]).text);
}

static void print_messages(const struct snapshot *snapshot)
{
	for (size_t i = 0; i < snapshot->message_count; i++)
		if (snapshot->messages[i].severity > 1)
			(void)fprintf(stderr, "  %-12s%s\n", "warning", snapshot->messages[i].text);
}

static bool is_empty(const struct snapshot *snapshot)
{
	return snapshot->totals[MT_TOTAL_ALLOC_COUNT] == 0 && snapshot->process.is_stopped == 0;
}

static void print_found(const struct found *found, const struct launch *launch,
			const struct snapshot *snapshot)
{
	(void)fprintf(stderr, "memtrace: %s\n",
		      strncmp(found->path, "./", 2) == 0 ? found->path + 2 : found->path);
	print_end(launch, snapshot);
	if (is_empty(snapshot))
		(void)fputs(
			"  no allocation was seen: the program may bring an allocator of its own\n",
			stderr);
	else
		print_totals(snapshot);
	run_top_print(snapshot, stderr);
	print_messages(snapshot);
	if (found->other_count > 0)
		(void)fprintf(stderr,
			      "  %-12s%zu more files of this process; memtrace list shows them\n",
			      "also", found->other_count);
}

void run_summary_print(const char *output, const char *live, const struct launch *launch)
{
	struct found found = {.path = ""};
	struct error error = {""};
	struct snapshot *snapshot;

	find(output, live, launch, &found);
	if (found.path[0] == '\0') {
		(void)cmd_fail(CMD_FAILED, "the program left no trace file");
		return;
	}
	if (snapshot_load(found.path, &snapshot, &error) != 0) {
		(void)cmd_fail(CMD_BAD_INPUT, "%s", error.text);
		return;
	}
	print_found(&found, launch, snapshot);
	snapshot_free(snapshot);
}
