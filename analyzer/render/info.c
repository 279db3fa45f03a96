/* SPDX-License-Identifier: Apache-2.0 */
/*
 * info.c - which facts a file holds about its process, and in which order they are told.
 */
#include "render/info.h"

#include <inttypes.h>
#include <string.h>

#include "model/drop_text.h"
#include "model/exit_status.h"
#include "render/answer.h"
#include "render/integrity.h"
#include "render/sampling.h"
#include "render/words.h"

struct teller {
	const struct info_sink *sink;
	void *context;
};

static void put(const struct teller *teller, const char *name, const char *label,
		enum info_kind kind, const char *text, int64_t number)
{
	const struct info_name key = {name, label, kind, false};
	const struct info_value value = {kind, text, NULL, number};

	teller->sink->fact(teller->context, &key, &value);
}

static void put_text(const struct teller *teller, const char *name, const char *label,
		     const char *text)
{
	const struct info_name key = {name, label, INFO_TEXT, true};
	const struct info_value value = {INFO_TEXT, text, NULL, 0};

	teller->sink->fact(teller->context, &key, &value);
}

static void put_word(const struct teller *teller, const char *name, const char *label,
		     struct word word)
{
	const struct info_name key = {name, label, INFO_TEXT, false};
	const struct info_value value = {INFO_TEXT, word.text, word.json, 0};

	teller->sink->fact(teller->context, &key, &value);
}

static void put_number(const struct teller *teller, const char *name, const char *label,
		       enum info_kind kind, uint64_t number)
{
	put(teller, name, label, kind, NULL, (int64_t)number);
}

static void put_rare(const struct teller *teller, const char *name, const char *label,
		     enum info_kind kind, int64_t number)
{
	const struct info_name key = {name, label, kind, true};
	const struct info_value value = {kind, NULL, NULL, number};

	teller->sink->fact(teller->context, &key, &value);
}

static void group(const struct teller *teller, const char *name, const char *title)
{
	teller->sink->group(teller->context, name, title);
}

static void group_end(const struct teller *teller)
{
	teller->sink->group_end(teller->context);
}

static void tell_file(const struct teller *teller, const struct snapshot *snapshot)
{
	const struct mt_header *header = &snapshot->header;
	bool is_snapshot = header->kind == MT_KIND_SNAPSHOT;
	char version[16];

	(void)snprintf(version, sizeof(version), "%u.%u", header->major, header->minor);
	group(teller, "file", "File");
	put_text(teller, "path", "path", snapshot->path);
	put_word(teller, "kind", "kind", word_of_kind(snapshot));
	put_text(teller, "format", "format version", version);
	if (is_snapshot)
		put_rare(teller, "sequence", "number", INFO_NUMBER, header->sequence);
	put_text(teller, "label", "label", snapshot->label);
	put_number(teller, "taken_realtime_ns", is_snapshot ? "taken" : "last known", INFO_MOMENT,
		   header->start_realtime_ns + snapshot->taken_ns);
	put_number(teller, "taken_ns", "after", INFO_SPAN, snapshot->taken_ns);
	put_number(teller, "site_count", "call stacks", INFO_COUNT, snapshot->site_count);
	put_number(teller, "node_count", "stack nodes", INFO_COUNT,
		   snapshot->node_count > 0 ? snapshot->node_count - 1 : 0);
	put_rare(teller, "skipped_count", "half-written counters", INFO_COUNT,
		 (int64_t)snapshot->skipped_count);
	put_rare(teller, "unaccounted_count", "allocations unaccounted for", INFO_COUNT,
		 snapshot->unaccounted_count);
	group_end(teller);
}

static const char *unwinder_name(uint32_t unwinder)
{
	return unwinder == MT_UNWINDER_LIBUNWIND ? "libunwind" : "cfi";
}

static void tell_process(const struct teller *teller, const struct snapshot *snapshot)
{
	const struct mt_header *header = &snapshot->header;
	const struct mt_process *process = &snapshot->process;

	group(teller, "process", "Process");
	put_text(teller, "program", "program", snapshot->program);
	put_number(teller, "pid", "pid", INFO_NUMBER, (uint64_t)header->pid);
	put_word(teller, "state", "state", word_of_state(snapshot->state));
	put_text(teller, "end", "ended with", exit_status_text(snapshot).text);
	put_text(teller, "executable", "executable", snapshot->executable);
	put_text(teller, "command_line", "command line", snapshot->command_line);
	put_text(teller, "working_directory", "working directory", snapshot->working_directory);
	put_text(teller, "allocator", "allocator", snapshot->allocator);
	put_number(teller, "start_realtime_ns", "recorded since", INFO_MOMENT,
		   header->start_realtime_ns);
	if (process->exit_ns > 0)
		put_number(teller, "exit_ns", "ended after", INFO_SPAN, process->exit_ns);
	if (header->parent_pid != 0)
		put_number(teller, "parent_pid", "forked from", INFO_NUMBER,
			   (uint64_t)header->parent_pid);
	put_rare(teller, "fork_generation", "forks since exec", INFO_COUNT,
		 (int64_t)header->fork_generation);
	put_number(teller, "is_recording", "recording", INFO_BOOL, !process->is_stopped);
	put_text(teller, "unwinder", "unwinder", unwinder_name(process->unwinder));
	put_number(teller, "depth_max", "frames kept", INFO_COUNT, process->depth_max);
	put_rare(teller, "sample_bytes", "bytes between samples", INFO_BYTES,
		 (int64_t)header->sample_bytes);
	put_number(teller, "thread_count", "threads seen", INFO_COUNT, snapshot->threads_seen);
	put_rare(teller, "snapshot_count", "snapshots of itself", INFO_COUNT,
		 (int64_t)process->snapshot_count);
	put_rare(teller, "rss_bytes", "resident", INFO_BYTES,
		 (int64_t)snapshot_rss_bytes(snapshot));
	put_rare(teller, "rss_anon_bytes", "of it anonymous", INFO_BYTES,
		 (int64_t)process->rss_anon_bytes);
	group_end(teller);
}

/* Several threads may each hold back a little of what they have live: the peak is low by at most that. */
static uint64_t peak_error_bytes(const struct mt_process *process)
{
	return process->hold_bytes > 0 ? (uint64_t)process->hold_bytes * process->shard_count : 0;
}

/* Between which values an estimated total lies, with 95 %. */
static void tell_limits(const struct teller *teller, const struct snapshot *snapshot,
			enum mt_total total)
{
	const struct field *field = sampling_total_field(total);
	char name[64];
	struct interval interval;
	enum info_kind kind;

	if (snapshot->header.sample_bytes == 0 || field == NULL)
		return;
	interval = sampling_of_snapshot(snapshot, field);
	kind = field->unit == FIELD_BYTES ? INFO_BYTES : INFO_COUNT;
	(void)snprintf(name, sizeof(name), "%s_low", field->name);
	put(teller, name, "  at least", kind, NULL, interval.low);
	(void)snprintf(name, sizeof(name), "%s_high", field->name);
	put(teller, name, "  at most", kind, NULL, interval.high);
}

static int64_t invalid_calls(const struct snapshot *snapshot)
{
	int64_t count = 0;

	for (size_t i = 0; i < snapshot->invalid_count; i++)
		count += snapshot->invalid[i].count;
	return count;
}

static void tell_totals(const struct teller *teller, const struct snapshot *snapshot)
{
	uint64_t sample_bytes = snapshot->header.sample_bytes;
	char title[96] = "Totals";

	if (sample_bytes > 0)
		(void)snprintf(title, sizeof(title), "Totals, %s, with limits of 95%%",
			       sampled_text(sample_bytes).text);
	group(teller, "totals", title);
	for (enum mt_total total = 0; total < MT_TOTAL_COUNT; total++) {
		const char *name = total_name(total);
		bool is_bytes = strstr(name, "_bytes") != NULL;

		put(teller, name, name, is_bytes ? INFO_BYTES : INFO_COUNT, NULL,
		    snapshot->totals[total]);
		tell_limits(teller, snapshot, total);
	}
	group_end(teller);
	group(teller, "bounds", "More about them");
	put_number(teller, "peak_ns", "peak reached after", INFO_SPAN, snapshot->process.peak_ns);
	put_rare(teller, "peak_error_bytes", "peak may be low by", INFO_BYTES,
		 (int64_t)peak_error_bytes(&snapshot->process));
	put_rare(teller, "unseen_free_bytes", "unseen frees", INFO_BYTES,
		 (int64_t)snapshot->process.unseen_free_bytes);
	put_rare(teller, "invalid_call_count", "invalid frees and reallocs", INFO_COUNT,
		 invalid_calls(snapshot));
	put_rare(teller, "inherited_blocks", "blocks inherited at fork", INFO_COUNT,
		 snapshot->process.inherited_blocks);
	put_rare(teller, "inherited_bytes", "bytes inherited at fork", INFO_BYTES,
		 snapshot->process.inherited_bytes);
	group_end(teller);
}

static void tell_drops(const struct teller *teller, const struct snapshot *snapshot)
{
	static const struct info_name columns[] = {
		{"name", "NAME", INFO_TEXT, false},
		{"count", "COUNT", INFO_COUNT, false},
		{"is_loss", "LOSS", INFO_BOOL, false},
		{"meaning", "MEANING", INFO_TEXT, false},
	};

	teller->sink->list(teller->context, "drops", "Not or not fully recorded", columns, 4);
	for (uint32_t drop = 0; drop < MT_DROP_COUNT; drop++) {
		const struct info_value values[] = {
			{INFO_TEXT, drop_texts[drop].name, NULL, 0},
			{INFO_COUNT, NULL, NULL, (int64_t)snapshot->drops[drop]},
			{INFO_BOOL, NULL, NULL, mt_drop_is_loss(drop)},
			{INFO_TEXT, drop_texts[drop].meaning, NULL, 0},
		};

		teller->sink->item(teller->context, values);
	}
	teller->sink->list_end(teller->context);
}

static const char *build_id_text(const struct module *module, char *text)
{
	static const char digits[] = "0123456789abcdef";
	uint32_t bytes =
		module->build_id_bytes < MT_BUILD_ID_MAX ? module->build_id_bytes : MT_BUILD_ID_MAX;

	for (uint32_t i = 0; i < bytes; i++) {
		text[2 * i] = digits[module->build_id[i] >> 4];
		text[2 * i + 1] = digits[module->build_id[i] & 15];
	}
	text[2 * bytes] = '\0';
	return text;
}

static void tell_modules(const struct teller *teller, const struct snapshot *snapshot)
{
	static const struct info_name columns[] = {
		{"start", "START", INFO_ADDRESS, false},
		{"end", "END", INFO_ADDRESS, false},
		{"generation", "LOAD", INFO_COUNT, false},
		{"load_ns", "LOADED AFTER", INFO_SPAN, false},
		{"unload_ns", "UNLOADED", INFO_SPAN, false},
		{"build_id", "BUILD ID", INFO_TEXT, false},
		{"path", "PATH", INFO_TEXT, false},
	};
	char build_id[2 * MT_BUILD_ID_MAX + 1];

	teller->sink->list(teller->context, "modules", "Modules", columns, 7);
	for (size_t i = 1; i < snapshot->module_count; i++) {
		const struct module *module = &snapshot->modules[i];
		const struct info_value values[] = {
			{INFO_ADDRESS, NULL, NULL, (int64_t)module->start},
			{INFO_ADDRESS, NULL, NULL, (int64_t)module->end},
			{INFO_COUNT, NULL, NULL, module->generation},
			{INFO_SPAN, NULL, NULL, (int64_t)module->load_ns},
			{INFO_SPAN, NULL, NULL, (int64_t)module->unload_ns},
			{INFO_TEXT, build_id_text(module, build_id), NULL, 0},
			{INFO_TEXT, module->path, NULL, 0},
		};

		teller->sink->item(teller->context, values);
	}
	teller->sink->list_end(teller->context);
}

static void tell_threads(const struct teller *teller, const struct snapshot *snapshot)
{
	static const struct info_name columns[] = {
		{"tid", "TID", INFO_NUMBER, false},
		{"name", "NAME", INFO_TEXT, false},
		{"kind", "KIND", INFO_TEXT, false},
		{"start_ns", "FIRST SEEN AFTER", INFO_SPAN, false},
		{"end_ns", "ENDED AFTER", INFO_SPAN, false},
	};

	teller->sink->list(teller->context, "threads", "Threads", columns, 5);
	for (size_t i = 0; i < snapshot->thread_count; i++) {
		const struct thread_record *thread = &snapshot->threads[i];
		const struct info_value values[] = {
			{INFO_NUMBER, NULL, NULL, thread->tid},
			{INFO_TEXT, thread->name, NULL, 0},
			{INFO_TEXT, thread->kind, NULL, 0},
			{INFO_SPAN, NULL, NULL, (int64_t)thread->start_ns},
			{INFO_SPAN, NULL, NULL, (int64_t)thread->end_ns},
		};

		teller->sink->item(teller->context, values);
	}
	teller->sink->list_end(teller->context);
}

static void tell_texts(const struct teller *teller, const char *name, const char *title,
		       const struct text_record *records, size_t count)
{
	static const struct info_name columns[] = {
		{"ns", "AFTER", INFO_SPAN, false},
		{"severity", "KIND", INFO_TEXT, false},
		{"text", "TEXT", INFO_TEXT, false},
	};
	static const char *const severities[] = {"mark", "note", "warning"};

	teller->sink->list(teller->context, name, title, columns, 3);
	for (size_t i = 0; i < count; i++) {
		const struct info_value values[] = {
			{INFO_SPAN, NULL, NULL, (int64_t)records[i].ns},
			{INFO_TEXT, severities[records[i].severity < 3 ? records[i].severity : 2],
			 NULL, 0},
			{INFO_TEXT, records[i].text, NULL, 0},
		};

		teller->sink->item(teller->context, values);
	}
	teller->sink->list_end(teller->context);
}

static void tell_samples(const struct teller *teller, const char *name, const char *title,
			 const struct mt_sample *samples, size_t count)
{
	static const struct info_name columns[] = {
		{"ns", "AFTER", INFO_SPAN, false},
		{"live_bytes", "LIVE", INFO_BYTES, false},
		{"rss_bytes", "RESIDENT", INFO_BYTES, false},
		{"alloc_count", "ALLOCATIONS", INFO_COUNT, false},
		{"alloc_bytes", "ALLOCATED", INFO_BYTES, false},
	};

	teller->sink->list(teller->context, name, title, columns, 5);
	for (size_t i = 0; i < count; i++) {
		const struct info_value values[] = {
			{INFO_SPAN, NULL, NULL, (int64_t)samples[i].ns},
			{INFO_BYTES, NULL, NULL, samples[i].live_bytes},
			{INFO_BYTES, NULL, NULL, (int64_t)samples[i].rss_bytes},
			{INFO_COUNT, NULL, NULL, (int64_t)samples[i].alloc_count},
			{INFO_BYTES, NULL, NULL, (int64_t)samples[i].alloc_bytes},
		};

		teller->sink->item(teller->context, values);
	}
	teller->sink->list_end(teller->context);
}

void info_show(const struct snapshot *snapshot, const struct info_sink *sink, void *context)
{
	const struct teller teller = {sink, context};

	tell_file(&teller, snapshot);
	tell_process(&teller, snapshot);
	tell_totals(&teller, snapshot);
	tell_drops(&teller, snapshot);
	tell_texts(&teller, "messages", "Messages", snapshot->messages, snapshot->message_count);
	tell_texts(&teller, "marks", "Marks", snapshot->marks, snapshot->mark_count);
	tell_threads(&teller, snapshot);
	tell_modules(&teller, snapshot);
	tell_samples(&teller, "timeline", "Timeline", snapshot->timeline, snapshot->timeline_count);
}
