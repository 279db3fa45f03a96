/* SPDX-License-Identifier: Apache-2.0 */
/*
 * trace_file.c - the mapped trace file: growing tables, reservation of pages, messages.
 *
 * The file's length is set once, sparse; only its start is mapped at first. A run (a piece of a growing
 * table) is given its place in the file by one CAS in the section table and mapped by duplicating a page
 * of ours, which needs no descriptor. Pages are reserved in steps just before their ids are handed out.
 */
#define _GNU_SOURCE
#include "trace_file.h"

#include <errno.h>
#include <string.h>
#include <sys/mman.h>

#include "memtrace/atomic.h"
#include "os.h"
#include "os_region.h"
#include "trace_layout.h"

#define TRACE_RESERVE_TRIES 100 /* of a system that has just no time or memory for it */

struct trace_file trace_file;
struct trace_map trace_map;

bool trace_file_reserve(void *start, size_t bytes)
{
	uintptr_t first = (uintptr_t)start & ~(uintptr_t)(MT_PAGE_SIZE - 1);
	uintptr_t end =
		((uintptr_t)start + bytes + MT_PAGE_SIZE - 1) & ~(uintptr_t)(MT_PAGE_SIZE - 1);
	int status = -EAGAIN;

	if (trace_map.is_all_reserved)
		return true;
	for (int i = 0; i < TRACE_RESERVE_TRIES && (status == -EAGAIN || status == -EINTR); i++)
		status = os_advise((void *)first, end - first, TRACE_POPULATE_WRITE);
	if (status != 0)
		mt_store_relaxed(&trace_map.status, status);
	return status == 0;
}

/* Raises *mark to at least value; other threads may raise it at the same time. */
static void trace_raise(uint64_t *mark, uint64_t value)
{
	uint64_t old = mt_load_relaxed(mark);

	while (old < value && !mt_cas_acq_rel(mark, &old, value))
		;
}

/* The mapped page nearest before an offset of the file; *page_offset is set to where it lies. */
static char *trace_page_before(uint64_t offset, uint64_t *page_offset)
{
	char *page = trace_map.base + TRACE_INITIAL_BYTES - MT_PAGE_SIZE;

	*page_offset = TRACE_INITIAL_BYTES - MT_PAGE_SIZE;
	for (uint32_t table = 0; table < TRACE_TABLE_COUNT; table++) {
		for (uint32_t run = 1; run < trace_shapes[table].run_count; run++) {
			const struct mt_section *section =
				&trace_file.sections[trace_shapes[table].first_slot + run];
			char *address = mt_load_acquire(&trace_map.runs[table][run]);
			uint64_t last =
				mt_load_relaxed(&section->offset) + section->length - MT_PAGE_SIZE;

			if (address == NULL || last >= offset || last <= *page_offset)
				continue;
			page = address + section->length - MT_PAGE_SIZE;
			*page_offset = last;
		}
	}
	return page;
}

/* Gives a run its place in the file; 0 = the file has no room for it. */
static uint64_t trace_place_run(struct mt_section *section)
{
	uint64_t *used = &trace_file.header->file_bytes;
	uint64_t place = mt_load_relaxed(used), offset = 0;

	do {
		/* never counted past the end: a reader refuses a file that says it is longer than it is */
		if (place + section->length > trace_map.file_limit)
			return 0;
	} while (!mt_cas_relaxed(used, &place, place + section->length));
	/* who loses this race leaves a hole in the sparse file, nothing else */
	return mt_cas_acq_rel(&section->offset, &offset, place) ? place : offset;
}

/* Maps run `run` of a table, giving it a place in the file first if it has none. */
static char *trace_map_run(enum trace_table table, uint32_t run)
{
	struct mt_section *section = &trace_file.sections[trace_shapes[table].first_slot + run];
	uint64_t offset = mt_load_acquire(&section->offset); /* partner: CAS in trace_place_run() */
	uint64_t page_offset;
	char *page, *address, *expected = NULL;

	mt_store_relaxed(&trace_map.status, trace_map.is_all_reserved ? -EOPNOTSUPP : -EFBIG);
	if (trace_map.is_all_reserved)
		return NULL; /* cannot reserve more without a descriptor on this kernel */
	if (offset == 0)
		offset = trace_place_run(section);
	if (offset == 0)
		return NULL;
	mt_store_relaxed(&trace_map.status, -ENOMEM);
	page = trace_page_before(offset, &page_offset);
	address = os_region_map_file(page, offset - page_offset, section->length);
	if (address == NULL)
		return NULL;
	if (mt_cas_acq_rel(&trace_map.runs[table][run], &expected, address))
		return address;
	os_region_give_back(address, section->length);
	return expected;
}

/* Bytes reserved at a time: as many again as are in use. A short process stays small, a large one asks rarely. */
static uint64_t trace_step(uint64_t used_bytes)
{
	if (used_bytes < TRACE_STEP_MIN)
		return TRACE_STEP_MIN;
	return used_bytes < TRACE_STEP_MAX ? used_bytes : TRACE_STEP_MAX;
}

/* Makes entries [id, id + count), all in one run, usable, if there can be as many. */
static bool trace_file_reach(enum trace_table table, uint64_t id, uint64_t count)
{
	const struct trace_table_shape *shape = &trace_shapes[table];
	uint32_t run = mt_run_of(id, shape->n0_log2);
	uint64_t first = mt_run_first(run, shape->n0_log2);
	uint64_t end = mt_run_first(run + 1, shape->n0_log2);
	uint64_t from, to;
	char *address;

	if (id + count > mt_run_first(shape->run_count, shape->n0_log2)) {
		mt_store_relaxed(&trace_map.status, -EOVERFLOW);
		return false;
	}
	address = mt_load_acquire(&trace_map.runs[table][run]); /* partner: CAS in trace_map_run */
	if (address == NULL)
		address = trace_map_run(table, run);
	if (address == NULL)
		return false;
	from = first + mt_load_relaxed(&trace_map.reserved[table][run]);
	if (id + count <= from)
		return true;
	to = id + count + trace_step(from * shape->entry_bytes) / shape->entry_bytes;
	if (to > end)
		to = end;
	if (!trace_file_reserve(address + (from - first) * shape->entry_bytes,
				(to - from) * shape->entry_bytes))
		return false;
	trace_raise(&trace_map.reserved[table][run], to - first);
	trace_raise(&trace_map.ready[table], to);
	return true;
}

static uint64_t *trace_file_count_of(enum trace_table table)
{
	return &trace_file.sections[trace_shapes[table].first_slot].count;
}

uint32_t trace_file_count(enum trace_table table)
{
	return (uint32_t)mt_load_acquire(trace_file_count_of(table)); /* partner: CAS in _claim() */
}

/* Once in each file: the drop counters say what found no room, this says why. */
static void trace_tell_no_room(void)
{
	static const struct {
		int status;
		const char *text;
	} reasons[] = {
		{-EFBIG, "the trace file has reached the largest size that its limit (ulimit -f) "
			 "or file system allows"},
		{-EOPNOTSUPP, "the trace file cannot grow on this kernel: Linux 5.14 or later can"},
		{-EOVERFLOW, "a table of the trace file is as large as it can be"},
		{-ENOMEM, "no memory or address space is left to grow the trace file"},
	};
	const char *text = "no space is left for the trace file on its file system";

	if (mt_exchange_acq_rel(&trace_map.is_told, true))
		return;
	for (size_t i = 0; i < sizeof(reasons) / sizeof(reasons[0]); i++)
		if (mt_load_relaxed(&trace_map.status) == reasons[i].status)
			text = reasons[i].text;
	trace_file_message(2, mt_load_relaxed(&trace_file.process->last_event_ns), text);
}

uint32_t trace_file_claim(enum trace_table table, uint32_t count)
{
	uint64_t *count_of, id;

	if (trace_file.header == NULL || mt_load_relaxed(&trace_map.is_full[table]))
		return 0;
	count_of = trace_file_count_of(table);
	id = mt_load_acquire(count_of);
	do {
		/* counted once they are reserved: whoever goes through the counted ones may touch them all */
		if (id + count > mt_load_acquire(&trace_map.ready[table]) &&
		    !trace_file_reach(table, id, count)) {
			/* no memory, no disk or no ids: stop asking the system at every event */
			mt_store_relaxed(&trace_map.is_full[table], true);
			trace_tell_no_room();
			return 0;
		}
	} while (!mt_cas_acq_rel(count_of, &id, id + count));
	return (uint32_t)id;
}

void *trace_file_entry(enum trace_table table, uint32_t id)
{
	const struct trace_table_shape *shape = &trace_shapes[table];
	uint32_t run = mt_run_of(id, shape->n0_log2);
	char *address = mt_load_acquire(&trace_map.runs[table][run]); /* partner: trace_map_run */

	if (address == NULL)
		return NULL;
	return address + (id - mt_run_first(run, shape->n0_log2)) * shape->entry_bytes;
}

/* Where a string of so many bytes may begin, from id on: it must not lie across two runs. */
static uint64_t trace_string_start(uint64_t id, uint64_t bytes)
{
	uint32_t n0_log2 = trace_shapes[TRACE_STRINGS].n0_log2, run = mt_run_of(id, n0_log2);

	return run == mt_run_of(id + bytes - 1, n0_log2) ? id : mt_run_first(run + 1, n0_log2);
}

uint32_t trace_file_string(const char *s)
{
	uint64_t bytes = strlen(s) + 1, *count_of, id, start;

	if (bytes == 1 || bytes > TRACE_STRING_MAX || trace_file.header == NULL)
		return 0;
	count_of = trace_file_count_of(TRACE_STRINGS);
	id = mt_load_acquire(count_of);
	do {
		start = trace_string_start(id, bytes);
		if (!trace_file_reach(TRACE_STRINGS, start, bytes))
			return 0;
	} while (!mt_cas_acq_rel(count_of, &id, start + bytes));
	memcpy(trace_file_entry(TRACE_STRINGS, (uint32_t)start), s, bytes);
	return (uint32_t)start;
}

/* Entry `index` of a section of fixed capacity whose pages are reserved as it fills. */
static void *trace_file_fixed(enum trace_fixed fixed, uint64_t index)
{
	const struct trace_fixed_shape *shape = &trace_fixed_shapes[fixed];
	uint64_t end = (index + 1) * shape->entry_bytes;
	uint64_t from;
	char *start;

	if (trace_file.header == NULL || index >= shape->capacity)
		return NULL;
	start = trace_map.base + trace_map.fixed_offset[fixed];
	from = mt_load_relaxed(&trace_map.fixed_reserved[fixed]);
	if (end > from) {
		uint64_t to = (end + 2 * MT_PAGE_SIZE - 1) & ~(uint64_t)(MT_PAGE_SIZE - 1);
		uint64_t all = (uint64_t)shape->capacity * shape->entry_bytes;

		if (to > all)
			to = all;
		if (!trace_file_reserve(start + from, to - from))
			return NULL;
		trace_raise(&trace_map.fixed_reserved[fixed], to);
	}
	return start + index * shape->entry_bytes;
}

void trace_file_each_mapping(trace_visit visit, void *context)
{
	if (trace_file.header == NULL)
		return;
	visit(trace_map.base, TRACE_INITIAL_BYTES, context);
	for (uint32_t table = 0; table < TRACE_TABLE_COUNT; table++)
		for (uint32_t run = 1; run < trace_shapes[table].run_count; run++) {
			char *address = mt_load_acquire(&trace_map.runs[table][run]);

			if (address != NULL)
				visit(address,
				      trace_file.sections[trace_shapes[table].first_slot + run]
					      .length,
				      context);
		}
}

void trace_file_prepare(void)
{
	if (trace_file.header == NULL)
		return;
	for (uint32_t table = 0; table < TRACE_TABLE_COUNT; table++)
		for (uint32_t run = 0; run < trace_shapes[table].run_count; run++)
			if (mt_load_acquire(&trace_map.runs[table][run]) != NULL)
				(void)trace_file_reach(
					(enum trace_table)table,
					mt_run_first(run + 1, trace_shapes[table].n0_log2) - 1, 1);
	for (uint32_t i = 0; i < TRACE_FIXED_COUNT; i++)
		(void)trace_file_fixed((enum trace_fixed)i, trace_fixed_shapes[i].capacity - 1);
}

/* Slots may be left out; the section's count covers the highest one in use. */
static void *trace_file_slot(enum trace_fixed fixed, uint64_t slot)
{
	void *entry = trace_file_fixed(fixed, slot);

	if (entry != NULL)
		trace_raise(&trace_file.sections[fixed].count, slot + 1);
	return entry;
}

struct mt_sample *trace_file_epoch(uint64_t slot)
{
	return trace_file_slot(TRACE_FIXED_EPOCHS, slot);
}

struct mt_sample *trace_file_timeline(uint64_t slot)
{
	return trace_file_slot(TRACE_FIXED_TIMELINE, slot);
}

/* The count of a fixed section goes up by one for each entry handed out. */
static void *trace_file_next(enum trace_fixed fixed)
{
	uint64_t *count = &trace_file.sections[fixed].count;
	uint64_t index = mt_load_relaxed(count);
	void *entry;

	do {
		entry = trace_file_fixed(fixed, index);
		if (entry == NULL)
			return NULL;
	} while (!mt_cas_relaxed(count, &index, index + 1));
	return entry;
}

struct mt_mark *trace_file_mark_slot(void)
{
	return trace_file.header == NULL ? NULL : trace_file_next(TRACE_FIXED_MARKS);
}

struct mt_thread *trace_file_thread_slot(void)
{
	return trace_file.header == NULL ? NULL : trace_file_next(TRACE_FIXED_THREADS);
}

struct mt_invalid *trace_file_invalid_slot(void)
{
	return trace_file.header == NULL ? NULL : trace_file_next(TRACE_FIXED_INVALID);
}

uint64_t trace_file_invalid_count(void)
{
	return mt_load_relaxed(&trace_file.sections[TRACE_FIXED_INVALID].count);
}

void trace_file_drop(enum mt_drop drop)
{
	if (trace_file.drops != NULL)
		(void)mt_add_relaxed(&trace_file.drops[drop], 1);
}

void trace_file_message(uint32_t severity, uint64_t ns, const char *text)
{
	struct mt_message *message;

	if (trace_file.header == NULL)
		return;
	message = trace_file_next(TRACE_FIXED_MESSAGES);
	if (message == NULL) {
		trace_file_drop(MT_DROP_MESSAGES);
		return;
	}
	message->ns = ns;
	strncpy(message->text, text, sizeof(message->text) - 1);
	mt_store_release(&message->severity, severity); /* partner: the reader's acquire */
}
