/* SPDX-License-Identifier: Apache-2.0 */
/*
 * squeeze.c - writes the trace file of this process into a snapshot file.
 *
 * Sizes are fixed first, as upper bounds of what is recorded at that moment; what other threads add later
 * is left out, and entries that turn out not to be needed stay zero, which means unused.
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
#include "trace_file.h"
#include "trace_layout.h"

/* Sections of a snapshot, in their order in the file. */
static const uint16_t squeeze_types[] = {
	MT_SECTION_PROCESS,   MT_SECTION_COLUMNS,  MT_SECTION_STRINGS,	MT_SECTION_MODULES,
	MT_SECTION_LOCATIONS, MT_SECTION_NODES,	   MT_SECTION_SITES,	MT_SECTION_COUNTERS,
	MT_SECTION_SIDE,      MT_SECTION_EPOCHS,   MT_SECTION_TIMELINE, MT_SECTION_THREAD_KINDS,
	MT_SECTION_THREADS,   MT_SECTION_MESSAGES, MT_SECTION_MARKS,	MT_SECTION_DROPS,
};

#define SQUEEZE_COUNT (sizeof(squeeze_types) / sizeof(squeeze_types[0]))

struct squeeze {
	char *base;
	struct mt_header *header;
	struct mt_section *sections; /* SQUEEZE_COUNT, in the order of squeeze_types */
	uint64_t label;		     /* offset of the label's room in STRINGS */
	uint32_t side_used;
	int64_t totals[MT_TOTAL_COUNT];
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

/* Fills in the section table behind a header at base; returns the bytes of the whole file. */
static uint64_t squeeze_lay_out(struct mt_section *sections, uint64_t label_bytes, uint64_t *label)
{
	uint64_t at = sizeof(struct mt_header) + SQUEEZE_COUNT * sizeof(struct mt_section);

	for (uint32_t i = 0; i < SQUEEZE_COUNT; i++) {
		const struct mt_section *source = squeeze_source(squeeze_types[i]);
		uint64_t count = squeeze_entries(squeeze_types[i]);

		if (source->type == MT_SECTION_STRINGS) {
			*label = count;
			count += label_bytes;
		}
		sections[i] = (struct mt_section){.type = source->type,
						  .entry_size = source->entry_size,
						  .offset = at,
						  .length = count * source->entry_size,
						  .count = count};
		at = (at + sections[i].length + 7) & ~UINT64_C(7);
	}
	return at;
}

static const struct mt_section *squeeze_section(const struct squeeze *squeeze, uint16_t type)
{
	uint32_t i = 0;

	while (squeeze_types[i] != type)
		i++;
	return &squeeze->sections[i];
}

static void *squeeze_content(const struct squeeze *squeeze, uint16_t type)
{
	return squeeze->base + squeeze_section(squeeze, type)->offset;
}

/* Copies the entries of a growing table, run by run; runs that are not there stay zero. */
static void squeeze_copy_table(enum trace_table table, char *to, uint64_t count)
{
	const struct trace_table_shape *shape = &trace_shapes[table];

	for (uint32_t run = 0; run < shape->run_count; run++) {
		uint64_t first = mt_run_first(run, shape->n0_log2), end, reserved;
		const char *from = mt_load_acquire(&trace_map.runs[table][run]);

		if (first >= count)
			return;
		end = mt_run_first(run + 1, shape->n0_log2);
		if (end > count)
			end = count;
		/* what was left out at the end of a run of strings was never reserved: not to be touched */
		reserved = mt_load_relaxed(&trace_map.reserved[table][run]);
		if (end > first + reserved)
			end = first + reserved;
		if (from != NULL)
			memcpy(to + first * shape->entry_bytes, from,
			       (end - first) * shape->entry_bytes);
	}
}

static void squeeze_copy(const struct squeeze *squeeze, const struct mt_section *section)
{
	enum trace_table table = squeeze_table(section->type);
	char *to = squeeze->base + section->offset;

	if (section->type == MT_SECTION_SITES || section->type == MT_SECTION_COUNTERS ||
	    section->type == MT_SECTION_SIDE)
		return; /* summed, not copied */
	if (section->type == MT_SECTION_STRINGS)
		squeeze_copy_table(table, to, squeeze->label);
	else if (table != TRACE_TABLE_COUNT)
		squeeze_copy_table(table, to, section->count);
	else
		memcpy(to, trace_map.base + squeeze_source(section->type)->offset, section->length);
}

static void squeeze_add_side(struct squeeze *squeeze, struct mt_counters *counters,
			     enum mt_side_kind kind, uint32_t bucket, int64_t count, int64_t bytes)
{
	struct mt_side *sides = squeeze_content(squeeze, MT_SECTION_SIDE);
	uint32_t id = squeeze->side_used + 1;

	if (id >= squeeze_section(squeeze, MT_SECTION_SIDE)->count)
		return; /* came after the sizes were fixed */
	squeeze->side_used = id;

	sides[id] = (struct mt_side){.next = counters->side,
				     .kind = (uint8_t)kind,
				     .bucket = (uint8_t)bucket,
				     .count = count,
				     .bytes = bytes};
	counters->side = id;
}

static void squeeze_add_sizes(struct squeeze *squeeze, struct mt_counters *counters,
			      const struct squeeze_site *sum)
{
	for (uint32_t bucket = 0; bucket < SQUEEZE_BUCKETS; bucket++) {
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

static void squeeze_site(struct squeeze *squeeze, uint32_t id, const struct mt_site *site)
{
	struct mt_site *sites = squeeze_content(squeeze, MT_SECTION_SITES);
	struct mt_counters *counters = squeeze_content(squeeze, MT_SECTION_COUNTERS);
	struct squeeze_site sum;

	squeeze_site_sum(site, &sum);
	if (sum.counters.node == 0)
		return;
	counters[id] = sum.counters;
	counters[id].site = id;
	counters[id].published_bytes = 0;
	squeeze_add_sizes(squeeze, &counters[id], &sum);
	if (sum.inherited.count != 0 || sum.inherited.bytes != 0)
		squeeze_add_side(squeeze, &counters[id], MT_SIDE_INHERITED, 0, sum.inherited.count,
				 sum.inherited.bytes);
	if (sum.inherited_freed.count != 0)
		squeeze_add_side(squeeze, &counters[id], MT_SIDE_INHERITED_FREED, 0,
				 sum.inherited_freed.count, sum.inherited_freed.bytes);
	squeeze_add_samples(squeeze, &counters[id], &sum);
	sites[id] = (struct mt_site){.node = site->node, .counters = id, .epoch = site->epoch};
	squeeze_add_totals(squeeze, &sum);
}

static void squeeze_sites(struct squeeze *squeeze)
{
	uint64_t node_count = squeeze_section(squeeze, MT_SECTION_NODES)->count;
	uint64_t site_count = squeeze_section(squeeze, MT_SECTION_SITES)->count;

	if (site_count > squeeze_section(squeeze, MT_SECTION_COUNTERS)->count)
		site_count = squeeze_section(squeeze, MT_SECTION_COUNTERS)->count;
	for (uint32_t id = 1; id < site_count; id++) {
		const struct mt_site *site = trace_file_entry(TRACE_SITES, id);

		if (site != NULL && site->node != 0 && site->node < node_count)
			squeeze_site(squeeze, id, site);
	}
}

static void squeeze_process(struct squeeze *squeeze)
{
	struct mt_process *process = squeeze_content(squeeze, MT_SECTION_PROCESS);
	const uint64_t *drops = squeeze_content(squeeze, MT_SECTION_DROPS);
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
			totals[MT_TOTAL_DROPPED_COUNT] += (int64_t)drops[drop];
	memcpy(process->totals, totals, sizeof(squeeze->totals));
	process->live_root = 0;
	process->live_root_bytes = 0;
}

static void squeeze_seal(struct squeeze *squeeze, uint64_t bytes, uint64_t now_ns, uint32_t label,
			 uint32_t sequence)
{
	struct mt_header *header = squeeze->header;

	*header = *trace_file.header;
	header->kind = MT_KIND_SNAPSHOT;
	header->section_count = SQUEEZE_COUNT;
	header->file_bytes = bytes;
	header->taken_ns = now_ns;
	header->sequence = sequence;
	header->label = label;
	header->control = 0;
	header->control_done = 0;
	header->header_crc = 0;
	for (uint32_t i = 0; i < SQUEEZE_COUNT; i++)
		squeeze->sections[i].crc = mt_crc32c(0, squeeze->base + squeeze->sections[i].offset,
						     squeeze->sections[i].length);
	header->header_crc =
		mt_crc32c(0, header, sizeof(*header) + SQUEEZE_COUNT * sizeof(struct mt_section));
}

int squeeze_write(const char *path, const char *label, uint64_t now_ns, uint32_t sequence)
{
	struct mt_section sections[SQUEEZE_COUNT];
	struct squeeze squeeze = {.side_used = 0};
	uint64_t label_bytes = label == NULL || label[0] == '\0' ? 0 : strlen(label) + 1;
	uint64_t bytes = squeeze_lay_out(sections, label_bytes, &squeeze.label);
	int status;

	if (label_bytes > TRACE_STRING_MAX)
		return -ENAMETOOLONG;
	squeeze.base = trace_file_map_new(path, bytes, &status);
	if (squeeze.base == NULL)
		return status;
	squeeze.header = (struct mt_header *)(void *)squeeze.base;
	squeeze.sections = (struct mt_section *)(void *)(squeeze.base + sizeof(struct mt_header));
	memcpy(squeeze.sections, sections, sizeof(sections));
	for (uint32_t i = 0; i < SQUEEZE_COUNT; i++)
		squeeze_copy(&squeeze, &sections[i]);
	if (label_bytes > 0)
		memcpy((char *)squeeze_content(&squeeze, MT_SECTION_STRINGS) + squeeze.label, label,
		       label_bytes);
	squeeze_sites(&squeeze);
	squeeze_process(&squeeze);
	squeeze_seal(&squeeze, bytes, now_ns, label_bytes > 0 ? (uint32_t)squeeze.label : 0,
		     sequence);
	os_unmap(squeeze.base, (bytes + MT_PAGE_SIZE - 1) & ~(uint64_t)(MT_PAGE_SIZE - 1));
	return 0;
}
