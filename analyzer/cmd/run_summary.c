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
#include <unistd.h>

#include "base/size_text.h"
#include "base/time_text.h"
#include "cmd/cmd.h"
#include "cmd/run_top.h"
#include "memtrace/env.h"
#include "model/drop_text.h"
#include "model/exit_status.h"
#include "model/interval.h"
#include "model/snapshot.h"
#include "model/trace_folder.h"
#include "render/invalid.h"
#include "render/number_text.h"
#include "render/place_text.h"

/* Files of the program that was started: several where it replaced itself by exec or had children. */
struct found {
	char path[PATH_MAX];  /* of the last image of the process itself; "" = none */
	char first[PATH_MAX]; /* of its first one, whose folder holds all others */
	size_t file_count;
};

static bool is_of(const struct trace_entry *entry, const struct launch *launch)
{
	return entry->header.kind == MT_KIND_LIVE && entry->header.pid == launch->pid &&
	       entry->header.start_realtime_ns >= launch->start_realtime_ns;
}

static void find_images(const struct trace_folder *files, const struct launch *launch,
			struct found *found)
{
	const struct trace_entry *first = NULL, *last = NULL;

	for (size_t i = 0; i < files->count; i++) {
		const struct trace_entry *entry = &files->entries[i];
		uint64_t start_ns = entry->header.start_realtime_ns;

		if (!is_of(entry, launch))
			continue;
		if (first == NULL || start_ns < first->header.start_realtime_ns)
			first = entry;
		if (last == NULL || start_ns > last->header.start_realtime_ns)
			last = entry;
	}
	if (first == NULL)
		return;
	(void)snprintf(found->path, sizeof(found->path), "%s", last->path);
	(void)snprintf(found->first, sizeof(found->first), "%s", first->path);
}

static void count_files(const struct trace_folder *files, struct found *found)
{
	size_t bytes = strlen(found->first);

	for (size_t i = 0; i < files->count; i++) {
		const char *path = files->entries[i].path;

		if (files->entries[i].header.kind == MT_KIND_LIVE &&
		    strncmp(path, found->first, bytes) == 0 &&
		    (path[bytes] == '\0' || strncmp(path + bytes, ".d/", 3) == 0))
			found->file_count++;
	}
}

static void look_into(const char *folder, const struct launch *launch, struct found *found)
{
	struct trace_folder files;

	if (trace_folder_read(folder, true, launch->start_realtime_ns, &files, NULL) != 0)
		return;
	find_images(&files, launch, found);
	if (found->path[0] != '\0')
		count_files(&files, found);
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
	(void)fprintf(stderr, "  %-12s%s (%s block%s)\n", label, size_text(bytes).text,
		      number_text(blocks).text, blocks == 1 ? "" : "s");
}

/* Of a file: nothing that a terminal would obey. */
static void print_text(const char *label, const char *text)
{
	(void)fprintf(stderr, "  %-12s", label);
	place_put(stderr, text);
}

static void print_end(const struct launch *launch, const struct snapshot *snapshot)
{
	print_text("program", snapshot->program);
	(void)fprintf(stderr, ", %s", exit_status_text_of(launch->wait_status).text);
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
}

static void print_sampling(const struct snapshot *snapshot)
{
	if (snapshot->header.sample_bytes != 0)
		(void)fprintf(stderr, "  %-12s%s\n", "figures",
			      sampled_text(snapshot->header.sample_bytes).text);
}

static void print_silence(const struct snapshot *snapshot)
{
	if (snapshot->header.sample_bytes != 0)
		(void)fprintf(stderr,
			      "  no sample was taken: with 95%%, at most %s was allocated\n",
			      size_text(interval_unseen_bytes(snapshot->header.sample_bytes)).text);
	else
		(void)fputs(
			"  no allocation was seen: it made none, or has an allocator of its own\n",
			stderr);
}

/* One line, whatever the number of kinds: what there was most of, in the words of info. */
static void print_losses(const struct snapshot *snapshot)
{
	uint32_t most = 0;
	size_t kind_count = 0;

	for (uint32_t drop = 0; drop < MT_DROP_COUNT; drop++) {
		if (snapshot->drops[drop] == 0 || !drop_is_told(drop))
			continue;
		if (kind_count++ == 0 || snapshot->drops[drop] > snapshot->drops[most])
			most = drop;
	}
	if (kind_count > 0)
		(void)fprintf(stderr, "  %-12s%s %s; %smemtrace info\n", "dropped",
			      number_text((int64_t)snapshot->drops[most]).text,
			      drop_texts[most].meaning,
			      kind_count > 1 ? "that and more: " : "more: ");
}

static void print_messages(const struct snapshot *snapshot)
{
	for (size_t i = 0; i < snapshot->message_count; i++)
		if (snapshot->messages[i].severity > 1) {
			print_text("warning", snapshot->messages[i].text);
			(void)fputc('\n', stderr);
		}
}

/* As short as it can be typed here. */
static const char *strip_here(const char *path)
{
	static char here[PATH_MAX];
	size_t bytes;

	if (strncmp(path, "./", 2) == 0)
		return path + 2;
	if (getcwd(here, sizeof(here)) == NULL)
		return path;
	bytes = strlen(here);
	return strncmp(path, here, bytes) == 0 && path[bytes] == '/' ? path + bytes + 1 : path;
}

static int64_t invalid_count(const struct snapshot *snapshot)
{
	const struct invalid_view view = {.snapshots = &snapshot, .snapshot_count = 1};

	return invalid_total(&view);
}

static int64_t invalid_calls_of(const char *path)
{
	struct error error = {""};
	struct snapshot *snapshot;
	int64_t count;

	if (snapshot_load(path, &snapshot, &error) != 0)
		return 0;
	count = invalid_count(snapshot);
	snapshot_free(snapshot);
	return count;
}

/* Those of all images and children, which are beside the first file. */
static void print_invalid(const struct found *found, const struct snapshot *snapshot)
{
	int64_t count = invalid_count(snapshot);
	struct trace_folder files;
	char folder[PATH_MAX + 2];

	if (snapshot->process.invalid_reporting != MT_INVALID_REPORTED)
		return;
	if (strcmp(found->first, found->path) != 0)
		count += invalid_calls_of(found->first);
	(void)snprintf(folder, sizeof(folder), "%s.d", found->first);
	if (trace_folder_read(folder, true, 0, &files, NULL) == 0) {
		for (size_t i = 0; i < files.count; i++)
			if (files.entries[i].header.kind == MT_KIND_LIVE &&
			    strcmp(files.entries[i].path, found->path) != 0)
				count += invalid_calls_of(files.entries[i].path);
		trace_folder_free(&files);
	}
	if (count == 0)
		return;
	(void)fprintf(stderr, "  %-12s%s call%s; memtrace invalid ", "invalid",
		      number_text(count).text, count == 1 ? "" : "s");
	place_put(stderr, strip_here(found->first));
	(void)fputc('\n', stderr);
}

static bool is_empty(const struct snapshot *snapshot)
{
	return snapshot->totals[MT_TOTAL_ALLOC_COUNT] == 0 && snapshot->process.is_stopped == 0;
}

static void print_found(const struct found *found, const struct launch *launch,
			const struct snapshot *snapshot)
{
	(void)fputs("memtrace: ", stderr);
	place_put(stderr, strip_here(found->path));
	(void)fputc('\n', stderr);
	print_end(launch, snapshot);
	if (is_empty(snapshot))
		print_silence(snapshot);
	else
		print_totals(snapshot);
	print_sampling(snapshot);
	print_losses(snapshot);
	print_invalid(found, snapshot);
	run_top_print(snapshot, stderr);
	print_messages(snapshot);
	if (found->file_count > 1) {
		(void)fprintf(stderr, "  %-12s%zu more file%s of this run: memtrace report ",
			      "also", found->file_count - 1, found->file_count > 2 ? "s" : "");
		place_put(stderr, strip_here(found->first));
		(void)fputc('\n', stderr);
	}
}

void run_summary_finish(const char *output, const char *live, const struct launch *launch,
			bool is_quiet)
{
	struct found found = {.path = ""};
	struct error error = {""};
	struct snapshot *snapshot;

	find(output, live, launch, &found);
	if (found.path[0] != '\0')
		(void)exit_status_store(found.path, launch->wait_status);
	if (is_quiet)
		return;
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
