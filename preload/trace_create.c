/* SPDX-License-Identifier: Apache-2.0 */
/*
 * trace_create.c - makes the trace file of this process, or of a forked child in the place of its parent's.
 *
 * Mode 0400: the mapping is writable all the same, and only root can truncate the file under it, which
 * would be SIGBUS for the program. The descriptor is closed at once.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>

#include "memtrace/atomic.h"
#include "os.h"
#include "trace_layout.h"

const struct trace_fixed_shape trace_fixed_shapes[TRACE_FIXED_COUNT] = {
	[TRACE_FIXED_PROCESS] = {MT_SECTION_PROCESS, sizeof(struct mt_process), 1, 1, true, false},
	[TRACE_FIXED_COLUMNS] = {MT_SECTION_COLUMNS, sizeof(struct mt_column), MT_COLUMN_MAX, 0, true,
				 true},
	[TRACE_FIXED_DROPS] = {MT_SECTION_DROPS, 8, MT_DROP_CAPACITY, MT_DROP_COUNT, true, false},
	[TRACE_FIXED_SHARDS] = {MT_SECTION_SHARDS, sizeof(struct mt_shard), MT_SHARD_MAX,
				MT_SHARD_MAX, true, false},
	[TRACE_FIXED_THREAD_KINDS] = {MT_SECTION_THREAD_KINDS, sizeof(struct mt_thread_kind),
				      MT_THREAD_KIND_MAX, MT_THREAD_KIND_MAX, true, true},
	[TRACE_FIXED_MESSAGES] = {MT_SECTION_MESSAGES, sizeof(struct mt_message), MT_MESSAGE_MAX, 0,
				  true, false},
	[TRACE_FIXED_EPOCHS] = {MT_SECTION_EPOCHS, sizeof(struct mt_sample), MT_EPOCH_MAX, 0, false,
				false},
	[TRACE_FIXED_TIMELINE] = {MT_SECTION_TIMELINE, sizeof(struct mt_sample), MT_TIMELINE_MAX, 0,
				  false, false},
	[TRACE_FIXED_THREADS] = {MT_SECTION_THREADS, sizeof(struct mt_thread), MT_THREAD_MAX, 0,
				 false, false},
	[TRACE_FIXED_MARKS] = {MT_SECTION_MARKS, sizeof(struct mt_mark), MT_MARK_MAX, 0, false, false},
};

/* Slots in the section table: the fixed sections, then the runs of each table in turn. */
enum {
#define X(name, entry_bytes, n0_log2, run_max)                                                     \
	SLOT_##name, SLOT_##name##_LAST = SLOT_##name + (run_max)-1,
	SLOT_BEFORE_TABLES = TRACE_FIXED_COUNT - 1,
	MT_GROWING_TYPES(X)
#undef X
	SLOT_COUNT
};

_Static_assert(SLOT_COUNT <= MT_SECTION_SLOTS, "section table");

enum { FIRST_STRINGS = 1, FIRST_MODULES = 1, FIRST_LOCATIONS = 1, FIRST_NODES = 1, FIRST_SITES = 1,
       FIRST_COUNTERS = 32, FIRST_SIDE = 1 };
enum { KEEP_STRINGS = 1, KEEP_MODULES = 1, KEEP_LOCATIONS = 1, KEEP_NODES = 1, KEEP_SITES = 1,
       KEEP_COUNTERS = 0, KEEP_SIDE = 0 };

const struct trace_table_shape trace_shapes[TRACE_TABLE_COUNT] = {
#define X(name, entry_bytes, n0_log2, run_max)                                                     \
	[TRACE_##name] = {MT_SECTION_##name, (entry_bytes), (n0_log2), (run_max), SLOT_##name,     \
			  FIRST_##name, KEEP_##name},
	MT_GROWING_TYPES(X)
#undef X
};

#define COLUMN(id, field, flag)                                                                    \
	{                                                                                          \
		MT_COLUMN_##id, offsetof(struct mt_counters, field),                               \
			sizeof(((struct mt_counters *)0)->field), flag                             \
	}

static const struct mt_column trace_columns[] = {
	COLUMN(NODE, node, 0),
	COLUMN(SITE, site, 0),
	COLUMN(VERSION, version, 0),
	COLUMN(ALLOC_COUNT, alloc_count, 0),
	COLUMN(ALLOC_BYTES, alloc_bytes, 0),
	COLUMN(FREE_COUNT, free_count, 0),
	COLUMN(FREED_BYTES, freed_bytes, 0),
	COLUMN(REALLOC_COUNT, realloc_count, 0),
	COLUMN(TEMPORARY_COUNT, temporary_count, 0),
	COLUMN(AT_PEAK_BYTES, at_peak_bytes, MT_COLUMN_SIGNED),
	COLUMN(PEAK_NUMBER, peak_number, 0),
	COLUMN(PEAK_BYTES, peak_bytes, MT_COLUMN_SIGNED),
	COLUMN(PUBLISHED_BYTES, published_bytes, MT_COLUMN_SIGNED),
	COLUMN(NEXT, next, 0),
	COLUMN(SIDE, side, 0),
	COLUMN(SIZE_BUCKET, size_bucket, 0),
	COLUMN(SHARD, shard, 0),
	COLUMN(FLAGS, flags, 0),
};

static uint64_t trace_round(uint64_t bytes)
{
	return (bytes + MT_PAGE_SIZE - 1) & ~(uint64_t)(MT_PAGE_SIZE - 1);
}

/* Bytes that trace_lay_out() uses; each part is rounded up by at most a page. */
#define X(name, entry_bytes, n0_log2, run_max) +((uint64_t)(entry_bytes) << (n0_log2))
_Static_assert(TRACE_WHOLE_BYTES + MT_EPOCH_MAX * sizeof(struct mt_sample) +
		       MT_TIMELINE_MAX * sizeof(struct mt_sample) +
		       MT_THREAD_MAX * sizeof(struct mt_thread) +
		       MT_MARK_MAX * sizeof(struct mt_mark) + 16 * MT_PAGE_SIZE
		       MT_GROWING_TYPES(X) <= TRACE_INITIAL_BYTES,
	       "first mapping");
#undef X
_Static_assert(sizeof(struct mt_header) + MT_SECTION_SLOTS * sizeof(struct mt_section) +
		       sizeof(struct mt_process) + MT_COLUMN_MAX * sizeof(struct mt_column) +
		       MT_DROP_CAPACITY * 8 + MT_SHARD_MAX * sizeof(struct mt_shard) +
		       MT_THREAD_KIND_MAX * sizeof(struct mt_thread_kind) +
		       MT_MESSAGE_MAX * sizeof(struct mt_message) + 8 * 128 <= TRACE_WHOLE_BYTES,
	       "sections in use from the start");

/* Decides where everything lies in a file whose start is mapped at base. */
static void trace_lay_out(char *base, struct trace_file *file, uint64_t *fixed_offset)
{
	uint64_t at = sizeof(struct mt_header) + MT_SECTION_SLOTS * sizeof(struct mt_section);
	struct mt_section *sections = (struct mt_section *)(void *)(base + sizeof(struct mt_header));

	for (uint32_t i = 0; i < TRACE_FIXED_COUNT; i++) {
		const struct trace_fixed_shape *shape = &trace_fixed_shapes[i];

		if (!shape->is_reserved_whole)
			at = trace_round(at);
		at = (at + 127) & ~UINT64_C(127);
		fixed_offset[i] = at;
		sections[i] = (struct mt_section){.type = shape->type,
						  .entry_size = shape->entry_bytes,
						  .offset = at,
						  .length = (uint64_t)shape->entry_bytes *
							    shape->capacity,
						  .count = shape->initial_count};
		at += sections[i].length;
	}
	for (uint32_t table = 0; table < TRACE_TABLE_COUNT; table++) {
		const struct trace_table_shape *shape = &trace_shapes[table];

		for (uint32_t run = 0; run < shape->run_count; run++) {
			uint64_t first = mt_run_first(run, shape->n0_log2);
			uint64_t end = mt_run_first(run + 1, shape->n0_log2);

			sections[shape->first_slot + run] =
				(struct mt_section){.type = shape->type,
						    .entry_size = shape->entry_bytes,
						    .length = (end - first) * shape->entry_bytes,
						    .first = first};
		}
		at = trace_round(at);
		sections[shape->first_slot].offset = at;
		sections[shape->first_slot].count = shape->first_id;
		at += sections[shape->first_slot].length;
	}
	*file = (struct trace_file){
		.header = (struct mt_header *)(void *)base,
		.sections = sections,
		.process = (struct mt_process *)(void *)(base + fixed_offset[TRACE_FIXED_PROCESS]),
		.columns = (struct mt_column *)(void *)(base + fixed_offset[TRACE_FIXED_COLUMNS]),
		.drops = (uint64_t *)(void *)(base + fixed_offset[TRACE_FIXED_DROPS]),
		.shards = (struct mt_shard *)(void *)(base + fixed_offset[TRACE_FIXED_SHARDS]),
		.thread_kinds = (struct mt_thread_kind *)(void *)(base +
								  fixed_offset[TRACE_FIXED_THREAD_KINDS]),
		.messages = (struct mt_message *)(void *)(base + fixed_offset[TRACE_FIXED_MESSAGES]),
		.epochs = (struct mt_sample *)(void *)(base + fixed_offset[TRACE_FIXED_EPOCHS]),
		.timeline = (struct mt_sample *)(void *)(base + fixed_offset[TRACE_FIXED_TIMELINE]),
		.threads = (struct mt_thread *)(void *)(base + fixed_offset[TRACE_FIXED_THREADS]),
		.marks = (struct mt_mark *)(void *)(base + fixed_offset[TRACE_FIXED_MARKS]),
	};
}

static void trace_fill_header(struct trace_file *file)
{
	struct mt_header *header = file->header;

	memcpy(header->magic, MT_MAGIC, sizeof(header->magic));
	header->major = MT_MAJOR;
	header->minor = MT_MINOR;
	header->endian = MT_ENDIAN_MARK;
	header->header_size = sizeof(*header);
	header->kind = MT_KIND_LIVE;
#if defined(__x86_64__)
	header->arch = MT_ARCH_X86_64;
#else
	header->arch = MT_ARCH_AARCH64;
#endif
	header->section_count = SLOT_COUNT;
	header->section_entry_size = sizeof(struct mt_section);
	header->file_bytes = TRACE_INITIAL_BYTES;
	memcpy(file->columns, trace_columns, sizeof(trace_columns));
	file->sections[TRACE_FIXED_COLUMNS].count = sizeof(trace_columns) / sizeof(trace_columns[0]);
}

/* Creates a file and gives it its length; returns the descriptor. */
static int trace_open(const char *path, uint64_t want_bytes, uint64_t least_bytes, uint64_t *bytes)
{
	uint64_t limit = os_file_size_limit(); /* beyond it, growing a file is SIGXFSZ */
	int fd, status;

	*bytes = want_bytes < limit ? want_bytes : limit & ~(uint64_t)(MT_PAGE_SIZE - 1);
	if (*bytes < least_bytes)
		return -EFBIG;
	fd = os_open(path, O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0400);
	if (fd < 0)
		return fd;
	/* some file systems allow less: vfat stops at 4 GiB, others have small limits */
	while ((status = os_truncate(fd, *bytes)) < 0 && *bytes / 2 >= least_bytes)
		*bytes = (*bytes / 2) & ~(uint64_t)(MT_PAGE_SIZE - 1);
	if (status < 0) {
		(void)os_close(fd);
		(void)os_unlink(path);
		return status;
	}
	return fd;
}

/* Reserves the start of the file and what every process needs at once. */
static int trace_reserve_initial(int fd, char *base)
{
	int status = os_advise(base, TRACE_WHOLE_BYTES, TRACE_POPULATE_WRITE);

	trace_map.is_all_reserved = status == -EINVAL;
	if (!trace_map.is_all_reserved)
		return status == 0 ? 0 : status == -EFAULT ? -ENOSPC : status;
	/* before Linux 5.14 nothing can be reserved later: take all of the first mapping now */
	return os_allocate(fd, 0, TRACE_INITIAL_BYTES);
}

/* The child's mappings on their way to the places of the parent's. */
struct trace_copy {
	char *base;
	char *runs[TRACE_TABLE_COUNT][MT_RUN_MAX];
	uint64_t kept[TRACE_TABLE_COUNT]; /* ids that the child goes on with */
};

/*
 * Ids of a table that may have been known in the parent at the fork. What the parent has handed out since
 * then may lie in runs that are not mapped here; nothing here refers to it.
 */
static uint64_t trace_kept_count(enum trace_table table)
{
	const struct trace_table_shape *shape = &trace_shapes[table];
	uint64_t count = trace_file_count(table), end = 0;

	if (shape->is_kept_by_fork)
		for (uint32_t run = 0; run < shape->run_count; run++)
			if (trace_map.runs[table][run] != NULL)
				end = mt_run_first(run, shape->n0_log2) +
				      trace_map.reserved[table][run];
	if (count > end)
		count = end;
	return count > shape->first_id ? count : shape->first_id;
}

/* What a child keeps of a run, in entries: never more than was reserved, which may be read. */
static uint64_t trace_kept_of_run(const struct trace_copy *copy, enum trace_table table, uint32_t run)
{
	uint64_t first = mt_run_first(run, trace_shapes[table].n0_log2);
	uint64_t reserved = trace_map.reserved[table][run];

	if (!trace_shapes[table].is_kept_by_fork || copy->kept[table] <= first)
		return 0;
	return copy->kept[table] - first < reserved ? copy->kept[table] - first : reserved;
}

static void trace_copy_drop(struct trace_copy *copy)
{
	for (uint32_t table = 0; table < TRACE_TABLE_COUNT; table++)
		for (uint32_t run = 1; run < MT_RUN_MAX; run++)
			if (copy->runs[table][run] != NULL)
				os_unmap(copy->runs[table][run],
					 trace_file.sections[trace_shapes[table].first_slot + run].length);
	os_unmap(copy->base, TRACE_INITIAL_BYTES);
}

/* A site keeps its stack; what it has counted stays with the parent. */
static void trace_clear_sites(struct mt_site *sites, uint64_t bytes)
{
	for (uint64_t i = 0; i < bytes / sizeof(*sites); i++)
		sites[i] = (struct mt_site){.node = sites[i].node};
}

/* Copies what a child keeps of one run; the rest of it stays zero. */
static bool trace_copy_run(const struct trace_copy *copy, enum trace_table table, uint32_t run,
			   char *to)
{
	uint64_t bytes = trace_kept_of_run(copy, table, run) * trace_shapes[table].entry_bytes;

	if (bytes == 0)
		return true;
	if (!trace_file_reserve(to, bytes))
		return false;
	memcpy(to, trace_map.runs[table][run], bytes);
	if (table == TRACE_SITES)
		trace_clear_sites((struct mt_site *)(void *)to, bytes);
	return true;
}

static bool trace_copy_tables(int fd, struct trace_copy *copy, struct trace_file *file)
{
	for (uint32_t table = 0; table < TRACE_TABLE_COUNT; table++) {
		const struct trace_table_shape *shape = &trace_shapes[table];

		copy->kept[table] = trace_kept_count(table);
		file->sections[shape->first_slot].count = copy->kept[table];
		for (uint32_t run = 0; run < shape->run_count; run++) {
			struct mt_section *from = &trace_file.sections[shape->first_slot + run];
			struct mt_section *to = &file->sections[shape->first_slot + run];
			char *address = copy->base + to->offset;

			if (trace_map.runs[table][run] == NULL)
				continue;
			if (run > 0) {
				to->offset = from->offset;
				address = os_map_file(fd, to->offset, to->length);
				copy->runs[table][run] = address;
				if (to->offset + to->length > file->header->file_bytes)
					file->header->file_bytes = to->offset + to->length;
			}
			if (address == NULL || !trace_copy_run(copy, table, run, address))
				return false;
		}
	}
	memcpy(file->thread_kinds, trace_file.thread_kinds,
	       sizeof(struct mt_thread_kind) * MT_THREAD_KIND_MAX);
	return true;
}

static bool trace_copy_move(struct trace_copy *copy)
{
	bool is_moved = os_map_move(copy->base, trace_map.base, TRACE_INITIAL_BYTES);

	for (uint32_t table = 0; is_moved && table < TRACE_TABLE_COUNT; table++)
		for (uint32_t run = 1; is_moved && run < MT_RUN_MAX; run++)
			if (copy->runs[table][run] != NULL)
				is_moved = os_map_move(
					copy->runs[table][run], trace_map.runs[table][run],
					trace_file.sections[trace_shapes[table].first_slot + run].length);
	return is_moved;
}

/* copy: of a forked child, which reserves anew what lies behind the part it has copied. */
static void trace_map_reset(const uint64_t *fixed_offset, const struct trace_copy *copy)
{
	memcpy(trace_map.fixed_offset, fixed_offset, sizeof(trace_map.fixed_offset));
	for (uint32_t i = 0; i < TRACE_FIXED_COUNT; i++)
		trace_map.fixed_reserved[i] =
			trace_fixed_shapes[i].is_reserved_whole
				? (uint64_t)trace_fixed_shapes[i].entry_bytes *
					  trace_fixed_shapes[i].capacity
				: 0;
	for (uint32_t table = 0; table < TRACE_TABLE_COUNT; table++) {
		trace_map.is_full[table] = false;
		for (uint32_t run = 0; run < MT_RUN_MAX; run++)
			trace_map.reserved[table][run] =
				copy == NULL ? 0 : trace_kept_of_run(copy, table, run);
	}
}

static int trace_create_first(int fd, uint64_t limit)
{
	struct trace_file file;
	uint64_t fixed_offset[TRACE_FIXED_COUNT] = {0};
	char *base = os_map_file(fd, 0, TRACE_INITIAL_BYTES);
	int status;

	if (base == NULL)
		return -ENOMEM;
	status = trace_reserve_initial(fd, base);
	if (status < 0) {
		os_unmap(base, TRACE_INITIAL_BYTES);
		return status;
	}
	trace_lay_out(base, &file, fixed_offset);
	trace_fill_header(&file);
	trace_map.base = base;
	trace_map.file_limit = limit;
	trace_map_reset(fixed_offset, NULL);
	for (uint32_t table = 0; table < TRACE_TABLE_COUNT; table++)
		trace_map.runs[table][0] = base + file.sections[trace_shapes[table].first_slot].offset;
	trace_file = file;
	return 0;
}

static int trace_create_again(int fd, uint64_t limit)
{
	static struct trace_copy copy; /* one thread at a time, and too large for a small stack */
	struct trace_file file;
	uint64_t fixed_offset[TRACE_FIXED_COUNT] = {0};
	int status;

	memset(&copy, 0, sizeof(copy));
	copy.base = os_map_file(fd, 0, TRACE_INITIAL_BYTES);
	if (copy.base == NULL)
		return -ENOMEM;
	status = trace_reserve_initial(fd, copy.base);
	if (status == 0) {
		trace_lay_out(copy.base, &file, fixed_offset);
		trace_fill_header(&file);
		if (!trace_copy_tables(fd, &copy, &file))
			status = -ENOSPC;
	}
	if (status < 0) {
		trace_copy_drop(&copy);
		return status;
	}
	/* before the move: sizes are taken from the parent's section table */
	trace_map_reset(fixed_offset, &copy);
	trace_map.file_limit = limit;
	return trace_copy_move(&copy) ? 0 : -ENOMEM;
}

int trace_file_create(const char *path, bool is_again)
{
	uint64_t least = TRACE_INITIAL_BYTES, limit;
	int fd, status;

	if (is_again && mt_load_relaxed(&trace_file.header->file_bytes) > least)
		least = mt_load_relaxed(&trace_file.header->file_bytes);
	fd = trace_open(path, TRACE_FILE_BYTES_MAX, least, &limit);
	if (fd < 0)
		return fd;
	status = is_again ? trace_create_again(fd, limit) : trace_create_first(fd, limit);
	(void)os_close(fd);
	if (status < 0)
		(void)os_unlink(path);
	return status;
}

void *trace_file_map_new(const char *path, uint64_t bytes, int *status)
{
	uint64_t limit;
	char *base = NULL;
	int fd = trace_open(path, bytes, bytes, &limit);

	if (fd < 0) {
		*status = fd;
		return NULL;
	}
	*status = os_allocate(fd, 0, bytes);
	if (*status == 0 || *status == -EOPNOTSUPP)
		base = os_map_file(fd, 0, trace_round(bytes));
	if (base != NULL && *status == -EOPNOTSUPP &&
	    os_advise(base, trace_round(bytes), TRACE_POPULATE_WRITE) != 0) {
		os_unmap(base, trace_round(bytes));
		base = NULL;
		*status = -ENOSPC;
	}
	(void)os_close(fd);
	if (base == NULL) {
		if (*status == 0)
			*status = -ENOMEM;
		(void)os_unlink(path);
		return NULL;
	}
	*status = 0;
	return base;
}
