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

#define TRACE_MODE 0400u

/* Creates a file and gives it its length; returns the descriptor. */
static int trace_open(const char *path, uint64_t want_bytes, uint64_t least_bytes, uint64_t *bytes)
{
	uint64_t limit = os_file_size_limit(); /* beyond it, growing a file is SIGXFSZ */
	int fd, status;

	*bytes = want_bytes < limit ? want_bytes : limit & ~(uint64_t)(MT_PAGE_SIZE - 1);
	if (*bytes < least_bytes)
		return -EFBIG;
	fd = os_open(path, O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, TRACE_MODE);
	if (fd < 0)
		return fd;
	(void)os_chmod(fd, TRACE_MODE); /* whatever the program's mask has left of it */
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

/*
 * Reserves the start of the file and what every process needs at once: written first, and then mapped, a page costs
 * half of what it does where the mapping adds it.
 */
static int trace_reserve_initial(int fd, char *base)
{
	int status = os_write_zeros_at(fd, TRACE_WHOLE_BYTES, 0);

	if (status == 0)
		status = os_advise(base, TRACE_WHOLE_BYTES, TRACE_POPULATE_WRITE);
	trace_map.is_all_reserved = status == -EINVAL;
	if (!trace_map.is_all_reserved)
		return status == 0 ? 0 : status == -EFAULT ? -ENOSPC : status;
	/* before Linux 5.14 nothing can be reserved later: take all of the first mapping now */
	return os_allocate(fd, 0, TRACE_INITIAL_BYTES);
}

/* Tables and sections whose first page is reserved: bit by enum trace_table, and by enum trace_fixed. */
struct trace_ready {
	uint32_t tables, fixed;
};

_Static_assert(TRACE_TABLE_COUNT <= 32 && TRACE_FIXED_COUNT <= 32, "bits");

static struct trace_ready trace_reserve_first_pages(int fd, const struct mt_section *sections)
{
	struct trace_ready ready = {0, 0};

	if (trace_map.is_all_reserved)
		return ready;
	for (uint32_t table = 0; table < TRACE_TABLE_COUNT; table++)
		if (os_write_zeros_at(fd, MT_PAGE_SIZE,
				      sections[trace_shapes[table].first_slot].offset) == 0)
			ready.tables |= 1u << table;
	for (uint32_t i = 0; i < TRACE_FIXED_COUNT; i++)
		if (!trace_fixed_shapes[i].is_reserved_whole &&
		    os_write_zeros_at(fd, MT_PAGE_SIZE, sections[i].offset) == 0)
			ready.fixed |= 1u << i;
	return ready;
}

/* The child's mappings on their way to the places of the parent's. */
struct trace_copy {
	void *base;
	void *runs[TRACE_TABLE_COUNT][MT_RUN_MAX];
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
static uint64_t trace_kept_of_run(const struct trace_copy *copy, enum trace_table table,
				  uint32_t run)
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
					 trace_file.sections[trace_shapes[table].first_slot + run]
						 .length);
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
			char *address = (char *)copy->base + to->offset;

			if (trace_map.runs[table][run] == NULL)
				continue;
			if (run > 0) {
				to->offset = from->offset;
				(void)os_map_file(fd, to->offset, to->length,
						  &copy->runs[table][run]);
				address = copy->runs[table][run];
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

/* The start of the file comes last: until then the parent's counter of lost children can be reached. */
static bool trace_copy_move(struct trace_copy *copy)
{
	for (uint32_t table = 0; table < TRACE_TABLE_COUNT; table++) {
		const struct mt_section *sections =
			&trace_file.sections[trace_shapes[table].first_slot];

		for (uint32_t run = 1; run < MT_RUN_MAX; run++)
			if (copy->runs[table][run] != NULL &&
			    !os_map_move(copy->runs[table][run], trace_map.runs[table][run],
					 sections[run].length))
				return false;
	}
	return os_map_move(copy->base, trace_map.base, TRACE_INITIAL_BYTES);
}

static void trace_map_reset(const uint64_t *fixed_offset, struct trace_ready ready)
{
	memcpy(trace_map.fixed_offset, fixed_offset, sizeof(trace_map.fixed_offset));
	trace_map.is_told = false;
	memset(trace_map.ready, 0, sizeof(trace_map.ready));
	memset(trace_map.reserved, 0, sizeof(trace_map.reserved));
	for (uint32_t i = 0; i < TRACE_FIXED_COUNT; i++) {
		const struct trace_fixed_shape *shape = &trace_fixed_shapes[i];
		bool is_ready = (ready.fixed >> i & 1) != 0;

		trace_map.fixed_reserved[i] =
			shape->is_reserved_whole ? (uint64_t)shape->entry_bytes * shape->capacity
						 : is_ready * (uint64_t)MT_PAGE_SIZE;
	}
	for (uint32_t table = 0; table < TRACE_TABLE_COUNT; table++) {
		trace_map.is_full[table] = false;
		if ((ready.tables >> table & 1) != 0)
			trace_map.reserved[table][0] =
				MT_PAGE_SIZE / trace_shapes[table].entry_bytes;
	}
}

/* A child reserves anew what lies behind the part that it has copied. */
static void trace_map_keep(const struct trace_copy *copy, const uint64_t *fixed_offset,
			   struct trace_ready ready)
{
	static uint64_t kept[TRACE_TABLE_COUNT][MT_RUN_MAX]; /* too large for a small stack */

	for (uint32_t table = 0; table < TRACE_TABLE_COUNT; table++)
		for (uint32_t run = 0; run < MT_RUN_MAX; run++)
			kept[table][run] = trace_kept_of_run(copy, table, run);
	trace_map_reset(fixed_offset, ready);
	for (uint32_t table = 0; table < TRACE_TABLE_COUNT; table++)
		for (uint32_t run = 0; run < MT_RUN_MAX; run++)
			if (trace_map.reserved[table][run] < kept[table][run])
				trace_map.reserved[table][run] = kept[table][run];
}

static int trace_create_first(int fd, uint64_t limit)
{
	struct trace_file file;
	uint64_t fixed_offset[TRACE_FIXED_COUNT] = {0};
	void *base;
	int status = os_map_file(fd, 0, TRACE_INITIAL_BYTES, &base);

	if (status < 0)
		return status;
	status = trace_reserve_initial(fd, base);
	if (status < 0) {
		os_unmap(base, TRACE_INITIAL_BYTES);
		return status;
	}
	trace_lay_out(base, &file, fixed_offset);
	trace_fill_header(&file);
	trace_map.base = base;
	trace_map.file_limit = limit;
	trace_map_reset(fixed_offset, trace_reserve_first_pages(fd, file.sections));
	for (uint32_t table = 0; table < TRACE_TABLE_COUNT; table++)
		trace_map.runs[table][0] =
			(char *)base + file.sections[trace_shapes[table].first_slot].offset;
	trace_file = file;
	return 0;
}

static int trace_create_again(int fd, uint64_t limit)
{
	static struct trace_copy copy; /* one thread at a time, and too large for a small stack */
	struct trace_ready ready = {0, 0};
	struct trace_file file;
	uint64_t fixed_offset[TRACE_FIXED_COUNT] = {0};
	int status;

	memset(&copy, 0, sizeof(copy));
	status = os_map_file(fd, 0, TRACE_INITIAL_BYTES, &copy.base);
	if (status < 0)
		return status;
	status = trace_reserve_initial(fd, copy.base);
	if (status == 0) {
		trace_lay_out(copy.base, &file, fixed_offset);
		trace_fill_header(&file);
		ready = trace_reserve_first_pages(fd, file.sections);
		if (!trace_copy_tables(fd, &copy, &file))
			status = -ENOSPC;
	}
	if (status < 0) {
		trace_copy_drop(&copy);
		return status;
	}
	/* before the move: sizes are taken from the parent's section table */
	trace_map_keep(&copy, fixed_offset, ready);
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

int trace_file_open_new(const char *path, uint64_t bytes)
{
	uint64_t limit;

	return trace_open(path, bytes, bytes, &limit);
}
