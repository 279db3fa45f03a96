/* SPDX-License-Identifier: Apache-2.0 */
/*
 * pack_records.c - columns, samples, threads, texts and drop counters of a new snapshot.
 */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "model/columns.h"
#include "model/pack.h"

/* A snapshot's size follows its sites: of a longer timeline every so many samples become one. */
#define TIMELINE_MAX 256u

static void add_columns(struct pack *pack)
{
	for (size_t i = 0; i < columns_current_count; i++)
		pack_add(pack, MT_SECTION_COLUMNS, &columns_current[i], sizeof(columns_current[i]));
}

static void add_samples(struct pack *pack)
{
	const struct snapshot *snapshot = pack->snapshot;
	size_t stride = (snapshot->timeline_count + TIMELINE_MAX - 1) / TIMELINE_MAX;
	size_t chosen = 0;

	for (size_t i = 0; i < snapshot->epoch_count; i++)
		pack_add(pack, MT_SECTION_EPOCHS, &snapshot->epochs[i],
			 sizeof(snapshot->epochs[i]));
	/* the highest of each group, and always the last one of all */
	for (size_t i = 0; i < snapshot->timeline_count; i++) {
		if (i % stride == 0 ||
		    snapshot->timeline[i].live_bytes > snapshot->timeline[chosen].live_bytes)
			chosen = i;
		if (i == snapshot->timeline_count - 1)
			chosen = i;
		if (i % stride == stride - 1 || i == snapshot->timeline_count - 1)
			pack_add(pack, MT_SECTION_TIMELINE, &snapshot->timeline[chosen],
				 sizeof(snapshot->timeline[chosen]));
	}
}

static uint32_t find_kind(const struct snapshot *snapshot, const char *name)
{
	for (size_t i = 1; i < snapshot->thread_kind_count; i++) {
		if (strcmp(snapshot->thread_kinds[i].name, name) == 0)
			return (uint32_t)i;
	}
	return 0;
}

static void add_threads(struct pack *pack)
{
	const struct snapshot *snapshot = pack->snapshot;

	for (size_t i = 0; i < snapshot->thread_kind_count; i++) {
		struct mt_thread_kind kind = {.thread_count =
						      snapshot->thread_kinds[i].thread_count};

		(void)snprintf(kind.name, sizeof(kind.name), "%s", snapshot->thread_kinds[i].name);
		pack_add(pack, MT_SECTION_THREAD_KINDS, &kind, sizeof(kind));
	}
	for (size_t i = 0; i < snapshot->thread_count; i++) {
		const struct thread_record *record = &snapshot->threads[i];
		struct mt_thread thread = {
			.tid = record->tid,
			.kind = find_kind(snapshot, record->kind),
			.start_ns = record->start_ns,
			.end_ns = record->end_ns,
		};

		(void)snprintf(thread.name, sizeof(thread.name), "%s", record->name);
		pack_add(pack, MT_SECTION_THREADS, &thread, sizeof(thread));
	}
}

static void add_message(struct pack *pack, const struct text_record *record)
{
	struct mt_message message = {.ns = record->ns, .severity = record->severity};

	(void)snprintf(message.text, sizeof(message.text), "%s", record->text);
	pack_add(pack, MT_SECTION_MESSAGES, &message, sizeof(message));
}

/* What the new file cannot show any more is said in words. */
static void add_losses(struct pack *pack)
{
	const struct snapshot *snapshot = pack->snapshot;
	struct text_record record = {snapshot->taken_ns, 2, NULL};
	char text[sizeof(((struct mt_message *)NULL)->text)];

	record.text = text;
	if (snapshot->skipped_count > 0) {
		(void)snprintf(text, sizeof(text),
			       "left out %" PRIu64 " counters whose stack was half written",
			       snapshot->skipped_count);
		add_message(pack, &record);
	}
	if (snapshot->unaccounted_count != 0) {
		(void)snprintf(text, sizeof(text),
			       "threads counted %+" PRId64 " allocations more than call stacks did",
			       snapshot->unaccounted_count);
		add_message(pack, &record);
	}
}

static void add_texts(struct pack *pack)
{
	const struct snapshot *snapshot = pack->snapshot;

	for (size_t i = 0; i < snapshot->message_count; i++)
		add_message(pack, &snapshot->messages[i]);
	add_losses(pack);
	for (size_t i = 0; i < snapshot->mark_count; i++) {
		struct mt_mark mark = {.ns = snapshot->marks[i].ns};

		(void)snprintf(mark.text, sizeof(mark.text), "%s", snapshot->marks[i].text);
		pack_add(pack, MT_SECTION_MARKS, &mark, sizeof(mark));
	}
	for (size_t i = 0; i < MT_DROP_COUNT; i++)
		pack_add(pack, MT_SECTION_DROPS, &snapshot->drops[i], sizeof(snapshot->drops[i]));
}

static void add_invalid(struct pack *pack)
{
	const struct snapshot *snapshot = pack->snapshot;

	for (size_t i = 0; i < snapshot->invalid_count; i++) {
		const struct invalid_call *from = &snapshot->invalid[i];
		struct mt_invalid record = {
			.kind = from->kind,
			.call = from->call,
			.node = pack->node_ids[from->node],
			.alloc_node = pack->node_ids[from->alloc_node],
			.freed_node = pack->node_ids[from->freed_node],
			.count = (uint64_t)from->count,
			.ns = from->ns,
			.address = from->address,
			.block_address = from->block_address,
			.block_bytes = from->block_bytes,
		};

		pack_add(pack, MT_SECTION_INVALID, &record, sizeof(record));
	}
}

void pack_records(struct pack *pack)
{
	add_columns(pack);
	add_samples(pack);
	add_threads(pack);
	add_texts(pack);
	add_invalid(pack);
}
