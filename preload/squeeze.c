/* SPDX-License-Identifier: Apache-2.0 */
/*
 * squeeze.c - writes the trace file of this process into a snapshot file.
 *
 * Sizes are fixed first, as upper bounds of what is recorded at that moment; what other threads add later
 * is left out, and entries that turn out not to be needed stay zero, which means unused. Only side records
 * come last in the file and take the room that they need.
 */
#define _GNU_SOURCE
#include "squeeze.h"

#include <errno.h>
#include <stdbool.h>
#include <stddef.h>
#include <string.h>

#include "memtrace/atomic.h"
#include "memtrace/crc32c.h"
#include "os.h"
#include "site_peak.h"
#include "squeeze_site.h"
#include "squeeze_stream.h"
#include "trace_file.h"
#include "trace_layout.h"

/*
 * Sections of a snapshot, in their order in the file. The process record stands behind the section table and
 * is written with it at the end.
 */
static const uint16_t squeeze_types[] = {
	MT_SECTION_PROCESS,  MT_SECTION_COLUMNS,  MT_SECTION_STRINGS, MT_SECTION_MODULES,
	MT_SECTION_EPOCHS,   MT_SECTION_TIMELINE, MT_SECTION_THREADS, MT_SECTION_THREAD_KINDS,
	MT_SECTION_MESSAGES, MT_SECTION_MARKS,	  MT_SECTION_DROPS,   MT_SECTION_LOCATIONS,
	MT_SECTION_NODES,    MT_SECTION_INVALID,  MT_SECTION_SITES,   MT_SECTION_COUNTERS,
	MT_SECTION_SIDE,
};

#define SQUEEZE_COUNT (sizeof(squeeze_types) / sizeof(squeeze_types[0]))

_Static_assert(sizeof(struct mt_side) % 8 == 0, "the file ends behind the last side record");

/* The start of the file. */
struct squeeze_head {
	struct mt_header header;
	struct mt_section sections[SQUEEZE_COUNT]; /* in the order of squeeze_types */
	struct mt_process process;
};

/* What one snapshot needs, in memory of its own: the program's stack may be small. */
struct squeeze {
	struct squeeze_head head;
	struct squeeze_file file;
	struct squeeze_stream copies, sites, counters, sides;
	uint64_t drops[MT_DROP_CAPACITY];
	uint64_t label_offset; /* of the label's room in STRINGS */
	uint64_t side_count;
	int64_t totals[MT_TOTAL_COUNT];
	struct squeeze_site sum; /* of the site at hand */
	char buffers[4][SQUEEZE_STREAM_BYTES];
};

/* The live file's entry of a type's first run. */
static const struct mt_section *squeeze_source(uint16_t type)
{
	const struct mt_section *sections = trace_file.sections;

	while (sections->type != type)
		sections++;
	return sections;
}

static enum trace_table squeeze_table(uint16_t type)
{
	for (uint32_t table = 0; table < TRACE_TABLE_COUNT; table++)
		if (trace_shapes[table].type == type)
			return table;
	return TRACE_TABLE_COUNT;
}

/* Number of entries that a section of the snapshot gets. */
static uint64_t squeeze_entries(uint16_t type)
{
	enum trace_table table = squeeze_table(type);
	uint64_t side;

	if (type == MT_SECTION_COUNTERS)
		return trace_file_count(TRACE_SITES); /* one per site, of the same index */
	if (type == MT_SECTION_SIDE) {
		/* summing makes fewer records, but an entry's own bucket may need one */
		side = trace_file_count(TRACE_SIDE);
		return side + trace_file_count(TRACE_COUNTERS);
	}
	if (table != TRACE_TABLE_COUNT)
		return trace_file_count(table);
	return mt_load_acquire(&squeeze_source(type)->count);
}

/*
 * Fills in the section table; returns the bytes that the file has at most. What refers to something is counted
 * before what it refers to, or other threads could add one of each in between.
 */
static uint64_t squeeze_lay_out(struct squeeze *squeeze, uint64_t label_bytes)
{
	struct mt_section *sections = squeeze->head.sections;
	uint64_t at = offsetof(struct squeeze_head, process);

	for (uint32_t i = SQUEEZE_COUNT; i-- > 0;) {
		const struct mt_section *source = squeeze_source(squeeze_types[i]);

		sections[i] = (struct mt_section){.type = source->type,
						  .entry_size = source->entry_size,
						  .count = squeeze_entries(squeeze_types[i])};
		if (source->type != MT_SECTION_STRINGS)
			continue;
		squeeze->label_offset = sections[i].count;
		sections[i].count += label_bytes;
	}
	for (uint32_t i = 0; i < SQUEEZE_COUNT; i++) {
		sections[i].offset = at;
		sections[i].length = sections[i].count * sections[i].entry_size;
		at = (at + sections[i].length + 7) & ~UINT64_C(7);
	}
	return at;
}

static struct mt_section *squeeze_section(struct squeeze *squeeze, uint16_t type)
{
	uint32_t i = 0;

	while (squeeze_types[i] != type)
		i++;
	return &squeeze->head.sections[i];
}

/* Copies the entries of a growing table, run by run; what is not there reads as zero. */
static void squeeze_copy_table(struct squeeze_stream *to, enum trace_table table, uint64_t count)
{
	const struct trace_table_shape *shape = &trace_shapes[table];
	uint64_t done = 0;

	for (uint32_t run = 0; run < shape->run_count && done < count; run++) {
		uint64_t end = mt_run_first(run + 1, shape->n0_log2), there;
		const char *from = mt_load_acquire(&trace_map.runs[table][run]);

		if (end > count)
			end = count;
		/* what was left out at the end of a run of strings was never reserved: not to be touched */
		there = from != NULL ? mt_load_relaxed(&trace_map.reserved[table][run]) : 0;
		if (there > end - done)
			there = end - done;
		squeeze_stream_add(to, from, there * shape->entry_bytes);
		squeeze_stream_add_zeros(to, (end - done - there) * shape->entry_bytes);
		done = end;
	}
	squeeze_stream_add_zeros(to, (count - done) * shape->entry_bytes);
}

static void squeeze_copy_strings(struct squeeze *squeeze, const char *label, uint64_t label_bytes)
{
	squeeze_copy_table(&squeeze->copies, squeeze_table(MT_SECTION_STRINGS),
			   squeeze->label_offset);
	squeeze_stream_add(&squeeze->copies, label, label_bytes);
}

static void squeeze_copy(struct squeeze *squeeze, struct mt_section *section, const char *label,
			 uint64_t label_bytes)
{
	enum trace_table table = squeeze_table(section->type);
	struct squeeze_stream *to = &squeeze->copies;

	squeeze_stream_begin(to, &squeeze->file, squeeze->buffers[0], section->offset);
	if (section->type == MT_SECTION_STRINGS)
		squeeze_copy_strings(squeeze, label, label_bytes);
	else if (section->type == MT_SECTION_DROPS)
		squeeze_stream_add(to, squeeze->drops, section->length);
	else if (table != TRACE_TABLE_COUNT)
		squeeze_copy_table(to, table, section->count);
	else
		squeeze_stream_add(to, trace_map.base + squeeze_source(section->type)->offset,
				   section->length);
	squeeze_stream_end(to);
	section->crc = to->crc;
}

static bool squeeze_is_summed(uint16_t type)
{
	return type == MT_SECTION_SITES || type == MT_SECTION_COUNTERS || type == MT_SECTION_SIDE;
}

/* What is added up later has to be of the same moment as what is copied. */
static void squeeze_copy_all(struct squeeze *squeeze, const char *label, uint64_t label_bytes)
{
	squeeze->head.process = *trace_file.process;
	for (uint32_t drop = 0; drop < MT_DROP_CAPACITY; drop++)
		squeeze->drops[drop] = mt_load_relaxed(&trace_file.drops[drop]);
	for (uint32_t i = 0; i < SQUEEZE_COUNT; i++)
		if (squeeze_types[i] != MT_SECTION_PROCESS && !squeeze_is_summed(squeeze_types[i]))
			squeeze_copy(squeeze, &squeeze->head.sections[i], label, label_bytes);
}

static void squeeze_add_side(struct squeeze *squeeze, struct mt_counters *counters,
			     enum mt_side_kind kind, uint32_t bucket, int64_t count, int64_t bytes)
{
	const struct mt_side side = {.next = counters->side,
				     .kind = (uint8_t)kind,
				     .bucket = (uint8_t)bucket,
				     .count = count,
				     .bytes = bytes};

	if (squeeze->side_count >= squeeze_section(squeeze, MT_SECTION_SIDE)->count)
		return; /* came after the sizes were fixed */
	squeeze_stream_add(&squeeze->sides, &side, sizeof(side));
	counters->side = (uint32_t)squeeze->side_count++;
}

static void squeeze_add_sizes(struct squeeze *squeeze, struct mt_counters *counters,
			      const struct squeeze_site *sum)
{
	for (uint32_t bucket = 0; bucket < sum->size_end; bucket++) {
		if (sum->sizes[bucket] == 0)
			continue;
		if (counters->size_bucket == UINT8_MAX)
			counters->size_bucket = (uint8_t)bucket;
		else
			squeeze_add_side(squeeze, counters, MT_SIDE_SIZE, bucket,
					 (int64_t)sum->sizes[bucket], 0);
	}
}

static void squeeze_add_samples(struct squeeze *squeeze, struct mt_counters *counters,
				const struct squeeze_site *sum)
{
	for (uint32_t kind = 0; kind < SQUEEZE_SAMPLE_KINDS; kind++)
		for (uint32_t of = 0; of < MT_SAMPLED_COUNT; of++) {
			const struct mt_side *side = &sum->samples[kind][of];

			if (side->count != 0 || side->bytes != 0)
				squeeze_add_side(squeeze, counters, MT_SIDE_RECORDED + kind, of,
						 side->count, side->bytes);
		}
}

static void squeeze_add_totals(struct squeeze *squeeze, const struct squeeze_site *sum)
{
	const struct mt_counters *counters = &sum->counters;
	int64_t *totals = squeeze->totals;

	totals[MT_TOTAL_ALLOC_COUNT] += (int64_t)counters->alloc_count;
	totals[MT_TOTAL_FREE_COUNT] += (int64_t)counters->free_count;
	totals[MT_TOTAL_ALLOC_BYTES] += (int64_t)counters->alloc_bytes;
	totals[MT_TOTAL_FREED_BYTES] += (int64_t)counters->freed_bytes;
	totals[MT_TOTAL_LIVE_BLOCKS] +=
		sum->inherited.count + (int64_t)(counters->alloc_count - counters->free_count);
	totals[MT_TOTAL_LIVE_BYTES] +=
		sum->inherited.bytes + (int64_t)(counters->alloc_bytes - counters->freed_bytes);
	totals[MT_TOTAL_REALLOC_COUNT] += (int64_t)counters->realloc_count;
	totals[MT_TOTAL_TEMPORARY_COUNT] += (int64_t)counters->temporary_count;
}

/* What the sum of a site becomes in the file. */
static void squeeze_finish_site(struct squeeze *squeeze, uint32_t id, struct mt_counters *counters)
{
	const struct squeeze_site *sum = &squeeze->sum;

	*counters = sum->counters;
	counters->site = id;
	counters->published_bytes = 0;
	squeeze_add_sizes(squeeze, counters, sum);
	if (sum->inherited.count != 0 || sum->inherited.bytes != 0)
		squeeze_add_side(squeeze, counters, MT_SIDE_INHERITED, 0, sum->inherited.count,
				 sum->inherited.bytes);
	if (sum->inherited_freed.count != 0)
		squeeze_add_side(squeeze, counters, MT_SIDE_INHERITED_FREED, 0,
				 sum->inherited_freed.count, sum->inherited_freed.bytes);
	if (sum->has_samples)
		squeeze_add_samples(squeeze, counters, sum);
	squeeze_add_totals(squeeze, sum);
}

static void squeeze_site(struct squeeze *squeeze, uint32_t id, uint64_t node_count)
{
	const struct mt_site *site = trace_file_entry(TRACE_SITES, id);
	struct mt_site record = {.node = 0};
	struct mt_counters counters = {.node = 0};

	if (site != NULL && site->node != 0 && site->node < node_count) {
		squeeze_site_sum(site, &squeeze->sum);
		if (squeeze->sum.counters.node != 0) {
			record = (struct mt_site){.node = site->node,
						  .counters = id,
						  .epoch = site->epoch};
			squeeze_finish_site(squeeze, id, &counters);
		}
	}
	squeeze_stream_add(&squeeze->sites, &record, sizeof(record));
	squeeze_stream_add(&squeeze->counters, &counters, sizeof(counters));
}

static void squeeze_begin(struct squeeze *squeeze, struct squeeze_stream *stream, uint16_t type,
			  uint32_t buffer)
{
	const struct mt_section *section = squeeze_section(squeeze, type);

	squeeze_stream_begin(stream, &squeeze->file, squeeze->buffers[buffer], section->offset);
	squeeze_stream_add_zeros(stream, section->entry_size); /* index 0 is not in use */
}

static void squeeze_end(struct squeeze *squeeze, struct squeeze_stream *stream, uint16_t type)
{
	squeeze_stream_end(stream);
	squeeze_section(squeeze, type)->crc = stream->crc;
}

static void squeeze_sites(struct squeeze *squeeze)
{
	uint64_t node_count = squeeze_section(squeeze, MT_SECTION_NODES)->count;
	uint64_t site_count = squeeze_section(squeeze, MT_SECTION_SITES)->count;

	squeeze_begin(squeeze, &squeeze->sites, MT_SECTION_SITES, 1);
	squeeze_begin(squeeze, &squeeze->counters, MT_SECTION_COUNTERS, 2);
	squeeze_begin(squeeze, &squeeze->sides, MT_SECTION_SIDE, 3);
	squeeze->side_count = 1;
	for (uint32_t id = 1; id < site_count; id++)
		squeeze_site(squeeze, id, node_count);
	squeeze_end(squeeze, &squeeze->sites, MT_SECTION_SITES);
	squeeze_end(squeeze, &squeeze->counters, MT_SECTION_COUNTERS);
	squeeze_end(squeeze, &squeeze->sides, MT_SECTION_SIDE);
}

static void squeeze_process(struct squeeze *squeeze)
{
	struct mt_process *process = &squeeze->head.process;
	int64_t *totals = squeeze->totals;

	process->live_bytes = site_peak_live();
	process->peak_live_bytes = site_peak_highest();
	totals[MT_TOTAL_PEAK_LIVE_BYTES] = process->peak_live_bytes;
	if (totals[MT_TOTAL_PEAK_LIVE_BYTES] < totals[MT_TOTAL_LIVE_BYTES])
		totals[MT_TOTAL_PEAK_LIVE_BYTES] = totals[MT_TOTAL_LIVE_BYTES];
	totals[MT_TOTAL_FOREIGN_FREE_COUNT] = (int64_t)process->foreign_free_count;
	totals[MT_TOTAL_UNSEEN_FREE_COUNT] = (int64_t)process->unseen_free_count;
	for (uint32_t drop = 0; drop < MT_DROP_COUNT; drop++)
		if (mt_drop_is_loss(drop))
			totals[MT_TOTAL_DROPPED_COUNT] += (int64_t)squeeze->drops[drop];
	memcpy(process->totals, totals, sizeof(squeeze->totals));
	process->live_root = 0;
	process->live_root_bytes = 0;
}

/* Writes the start of the file, which tells where everything is; until then it is no snapshot. */
static void squeeze_seal(struct squeeze *squeeze, uint64_t bytes)
{
	struct squeeze_head *head = &squeeze->head;

	head->header.file_bytes = bytes;
	squeeze_section(squeeze, MT_SECTION_PROCESS)->crc =
		mt_crc32c(0, &head->process, sizeof(head->process));
	head->header.header_crc = 0;
	head->header.header_crc = mt_crc32c(0, head, offsetof(struct squeeze_head, process));
	squeeze_file_write(&squeeze->file, head, sizeof(*head), 0);
}

static void squeeze_fill_header(struct squeeze *squeeze, uint64_t now_ns, uint32_t sequence,
				uint64_t label_bytes)
{
	struct mt_header *header = &squeeze->head.header;

	*header = *trace_file.header;
	header->kind = MT_KIND_SNAPSHOT;
	header->section_count = SQUEEZE_COUNT;
	header->taken_ns = now_ns;
	header->sequence = sequence;
	header->label = label_bytes > 0 ? (uint32_t)squeeze->label_offset : 0;
	header->control = 0;
	header->control_done = 0;
	memset(header->requests, 0, sizeof(header->requests));
}

static uint64_t squeeze_write_all(struct squeeze *squeeze, const char *label, uint64_t label_bytes)
{
	struct mt_section *side = squeeze_section(squeeze, MT_SECTION_SIDE);

	squeeze_copy_all(squeeze, label, label_bytes);
	squeeze_sites(squeeze);
	squeeze_process(squeeze);
	side->count = squeeze->side_count;
	side->length = side->count * side->entry_size;
	squeeze_seal(squeeze, side->offset + side->length);
	return side->offset + side->length;
}

int squeeze_write(const char *path, const char *label, uint64_t now_ns, uint32_t sequence)
{
	const uint64_t memory_bytes = trace_round(sizeof(struct squeeze));
	uint64_t label_bytes = label == NULL || label[0] == '\0' ? 0 : strlen(label) + 1, bytes;
	struct squeeze *squeeze;
	int status;

	if (label_bytes > TRACE_STRING_MAX)
		return -ENAMETOOLONG;
	squeeze = os_map(memory_bytes);
	if (squeeze == NULL)
		return -ENOMEM;
	bytes = squeeze_lay_out(squeeze, label_bytes);
	squeeze_fill_header(squeeze, now_ns, sequence, label_bytes);
	status = squeeze_file_open(&squeeze->file, path, bytes);
	if (status == 0) {
		bytes = squeeze_write_all(squeeze, label, label_bytes);
		status = squeeze_file_close(&squeeze->file, path, bytes);
	}
	os_unmap(squeeze, memory_bytes);
	return status;
}
