/* SPDX-License-Identifier: Apache-2.0 */
/*
 * load_records.c - everything of a file that is not about call stacks: process, samples, threads, texts.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>

#include "model/load.h"

int load_columns(struct load *load)
{
	return columns_load(&load->reader, &load->columns);
}

/* Refuses figures that arithmetic on the rows could not have produced. */
static int check_figures(struct load *load)
{
	struct mt_process *process = &load->snapshot->process;
	const int64_t figures[] = {
		process->live_bytes,	   process->peak_live_bytes, process->hold_bytes,
		process->inherited_blocks, process->inherited_bytes,
	};

	for (size_t i = 0; i < sizeof(figures) / sizeof(figures[0]); i++) {
		if (figures[i] > LOAD_MAGNITUDE_MAX || figures[i] < -LOAD_MAGNITUDE_MAX)
			return reader_refuse(&load->reader,
					     "damaged: process record says %" PRId64 " bytes",
					     figures[i]);
	}
	if (process->peak_reset_number > process->peak_number)
		process->peak_reset_number = process->peak_number; /* read between the two */
	return 0;
}

int load_process(struct load *load)
{
	struct reader_table table;
	int result =
		reader_table(&load->reader, MT_SECTION_PROCESS, sizeof(struct mt_process), &table);

	if (result < 0)
		return result;
	if (table.count == 1)
		reader_entry(&table, 0, &load->snapshot->process, sizeof(struct mt_process));
	else
		result = reader_refuse(&load->reader, "damaged: %zu process records, 1 expected",
				       table.count);
	reader_table_free(&load->reader, &table);
	return result < 0 ? result : check_figures(load);
}

int load_kinds(struct load *load)
{
	struct snapshot *snapshot = load->snapshot;
	const struct reader_table *table = &load->thread_kinds;

	snapshot->thread_kinds = load_keep(load, table->count, sizeof(*snapshot->thread_kinds));
	if (snapshot->thread_kinds == NULL)
		return -EBADMSG;
	snapshot->thread_kind_count = table->count;
	for (size_t i = 0; i < table->count; i++) {
		struct mt_thread_kind kind;
		const char *name;

		reader_entry(table, i, &kind, sizeof(kind));
		name = load_text(load, kind.name, sizeof(kind.name));
		if (name == NULL)
			return -EBADMSG;
		snapshot->thread_kinds[i] = (struct thread_kind){name, kind.thread_count};
		snapshot->threads_seen += kind.thread_count;
	}
	return 0;
}

static const char *kind_name(const struct snapshot *snapshot, uint32_t kind)
{
	return kind < snapshot->thread_kind_count ? snapshot->thread_kinds[kind].name : "";
}

static bool is_used_sample(const struct mt_sample *sample)
{
	return sample->ns != 0 || sample->alloc_count != 0;
}

static int read_samples(struct load *load, uint16_t type, struct mt_sample **samples, size_t *count)
{
	struct reader_table table;
	int result = reader_table(&load->reader, type, sizeof(struct mt_sample), &table);

	*count = 0;
	if (result < 0)
		return result;
	*samples = load_keep(load, table.count, sizeof(**samples));
	if (*samples == NULL)
		result = -EBADMSG;
	for (size_t i = 0; result == 0 && i < table.count; i++) {
		reader_entry(&table, i, &(*samples)[i], sizeof(**samples));
		if ((*samples)[i].live_bytes > LOAD_MAGNITUDE_MAX ||
		    (*samples)[i].live_bytes < -LOAD_MAGNITUDE_MAX)
			result = reader_refuse(&load->reader,
					       "damaged: sample %zu says %" PRId64 " live bytes", i,
					       (*samples)[i].live_bytes);
		if (is_used_sample(&(*samples)[i]))
			*count = i + 1;
	}
	reader_table_free(&load->reader, &table);
	return result;
}

static int compare_samples(const void *left, const void *right)
{
	const struct mt_sample *a = left, *b = right;

	return a->ns < b->ns ? -1 : a->ns > b->ns;
}

int load_samples(struct load *load)
{
	struct snapshot *snapshot = load->snapshot;
	size_t slots, used = 0;
	int result =
		read_samples(load, MT_SECTION_EPOCHS, &snapshot->epochs, &snapshot->epoch_count);

	if (result == 0)
		result = read_samples(load, MT_SECTION_TIMELINE, &snapshot->timeline, &slots);
	if (result < 0)
		return result;
	for (size_t i = 0; i < slots; i++) {
		if (is_used_sample(&snapshot->timeline[i]))
			snapshot->timeline[used++] = snapshot->timeline[i];
	}
	snapshot->timeline_count = used;
	if (used > 0)
		qsort(snapshot->timeline, used, sizeof(*snapshot->timeline), compare_samples);
	return 0;
}

int load_threads(struct load *load)
{
	struct snapshot *snapshot = load->snapshot;
	struct reader_table table;
	int result =
		reader_table(&load->reader, MT_SECTION_THREADS, sizeof(struct mt_thread), &table);

	if (result < 0)
		return result;
	snapshot->threads = load_keep(load, table.count, sizeof(*snapshot->threads));
	if (snapshot->threads == NULL)
		result = -EBADMSG;
	for (size_t i = 0; result == 0 && i < table.count; i++) {
		struct mt_thread thread;
		struct thread_record *record = &snapshot->threads[snapshot->thread_count];

		reader_entry(&table, i, &thread, sizeof(thread));
		if (thread.tid == 0)
			continue;
		*record = (struct thread_record){
			.tid = thread.tid,
			.start_ns = thread.start_ns,
			.end_ns = thread.end_ns,
			.name = load_text(load, thread.name, sizeof(thread.name)),
			.kind = kind_name(snapshot, thread.kind),
		};
		if (record->name == NULL)
			result = -EBADMSG;
		snapshot->thread_count++;
	}
	reader_table_free(&load->reader, &table);
	return result;
}

static int load_messages(struct load *load)
{
	struct snapshot *snapshot = load->snapshot;
	struct reader_table table;
	int result =
		reader_table(&load->reader, MT_SECTION_MESSAGES, sizeof(struct mt_message), &table);

	if (result < 0)
		return result;
	snapshot->messages = load_keep(load, table.count, sizeof(*snapshot->messages));
	if (snapshot->messages == NULL)
		result = -EBADMSG;
	for (size_t i = 0; result == 0 && i < table.count; i++) {
		struct mt_message message;
		const char *text;

		reader_entry(&table, i, &message, sizeof(message));
		if (message.severity == 0)
			continue;
		text = load_text(load, message.text, sizeof(message.text));
		if (text == NULL)
			result = -EBADMSG;
		snapshot->messages[snapshot->message_count++] =
			(struct text_record){message.ns, message.severity, text};
	}
	reader_table_free(&load->reader, &table);
	return result;
}

static int load_marks(struct load *load)
{
	struct snapshot *snapshot = load->snapshot;
	struct reader_table table;
	int result = reader_table(&load->reader, MT_SECTION_MARKS, sizeof(struct mt_mark), &table);

	if (result < 0)
		return result;
	snapshot->marks = load_keep(load, table.count, sizeof(*snapshot->marks));
	if (snapshot->marks == NULL)
		result = -EBADMSG;
	for (size_t i = 0; result == 0 && i < table.count; i++) {
		struct mt_mark mark;
		const char *text;

		reader_entry(&table, i, &mark, sizeof(mark));
		if (mark.ns == 0)
			continue;
		text = load_text(load, mark.text, sizeof(mark.text));
		if (text == NULL)
			result = -EBADMSG;
		snapshot->marks[snapshot->mark_count++] = (struct text_record){mark.ns, 0, text};
	}
	reader_table_free(&load->reader, &table);
	return result;
}

static int load_drops(struct load *load)
{
	struct reader_table table;
	int result = reader_table(&load->reader, MT_SECTION_DROPS, sizeof(uint64_t), &table);

	if (result < 0)
		return result;
	for (size_t i = 0; i < table.count && i < MT_DROP_CAPACITY; i++)
		reader_entry(&table, i, &load->snapshot->drops[i], sizeof(uint64_t));
	reader_table_free(&load->reader, &table);
	return 0;
}

int load_texts(struct load *load)
{
	int result = load_messages(load);

	if (result == 0)
		result = load_marks(load);
	return result < 0 ? result : load_drops(load);
}

int load_names(struct load *load)
{
	struct snapshot *snapshot = load->snapshot;
	const struct mt_process *process = &snapshot->process;
	struct {
		uint32_t offset;
		const char **text;
	} const names[] = {
		{snapshot->header.label, &snapshot->label},
		{process->executable, &snapshot->executable},
		{process->working_directory, &snapshot->working_directory},
		{process->command_line, &snapshot->command_line},
		{process->allocator, &snapshot->allocator},
	};
	int result = 0;

	for (size_t i = 0; result == 0 && i < sizeof(names) / sizeof(names[0]); i++)
		result = load_string(load, names[i].offset, names[i].text);
	if (result < 0)
		return result;
	snapshot->program =
		load_text(load, snapshot->header.program, sizeof(snapshot->header.program));
	snapshot->label = load_text(load, snapshot->label, SIZE_MAX);
	snapshot->taken_ns = load_taken_ns(load);
	return snapshot->program != NULL && snapshot->label != NULL ? 0 : -EBADMSG;
}
