/* SPDX-License-Identifier: Apache-2.0 */
/*
 * trace_lost.c - tells the first process's trace file of a process that could make none.
 *
 * That file is of mode 0400, so that nobody cuts it short under its process: where that binds us too, it is
 * opened in the moment in which it may be written to. One page is mapped, and written only if it is there.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>

#include "memtrace/atomic.h"
#include "os.h"
#include "trace_layout.h"

#define TRACE_LOST_FLAGS (O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC)

/* Offset of the counter in the trace file of this process; 0 if it is not that or not to be understood. */
static uint64_t trace_lost_place(int fd, int32_t pid, uint64_t start_ticks)
{
	struct mt_header header;
	struct mt_section section = {0};

	if (os_read(fd, &header, sizeof(header)) != sizeof(header) ||
	    memcmp(header.magic, MT_MAGIC, sizeof(header.magic)) != 0 || header.major != MT_MAJOR ||
	    header.kind != MT_KIND_LIVE || header.pid != pid ||
	    header.process_start_ticks != start_ticks ||
	    header.section_entry_size != sizeof(section))
		return 0;
	for (uint32_t i = 0; i < header.section_count && i < MT_SECTION_SLOTS; i++) {
		if (os_read(fd, &section, sizeof(section)) != sizeof(section))
			return 0;
		if (section.type == MT_SECTION_DROPS && section.entry_size == sizeof(uint64_t) &&
		    section.offset % sizeof(uint64_t) == 0 &&
		    section.length / sizeof(uint64_t) > MT_DROP_CHILDREN)
			return section.offset + MT_DROP_CHILDREN * sizeof(uint64_t);
	}
	return 0;
}

static bool trace_lost_is_same(int fd, int other)
{
	struct stat first, second;

	return os_stat(fd, &first) == 0 && os_stat(other, &second) == 0 &&
	       first.st_dev == second.st_dev && first.st_ino == second.st_ino;
}

/* The file of this descriptor once more, to be written to; a descriptor or a negative errno. */
static int trace_lost_open(int fd, const char *path)
{
	int writable = os_open(path, O_RDWR | TRACE_LOST_FLAGS, 0);

	if (writable == -EACCES && os_chmod(fd, 0600) == 0) {
		writable = os_open(path, O_RDWR | TRACE_LOST_FLAGS, 0);
		(void)os_chmod(fd, 0400);
	}
	if (writable < 0 || trace_lost_is_same(fd, writable))
		return writable;
	(void)os_close(writable);
	return -ENOENT;
}

static bool trace_lost_add(int fd, uint64_t place)
{
	uint64_t start = place & ~(uint64_t)(MT_PAGE_SIZE - 1);
	void *mapping;
	char *page;
	bool is_there;

	if (os_map_file(fd, start, MT_PAGE_SIZE, &mapping) < 0)
		return false;
	page = mapping;
	is_there = os_advise(page, MT_PAGE_SIZE, TRACE_POPULATE_WRITE) == 0;
	if (is_there)
		(void)mt_add_relaxed((uint64_t *)(void *)(page + (place - start)), 1);
	os_unmap(page, MT_PAGE_SIZE);
	return is_there;
}

bool trace_file_tell_lost(const char *path, int32_t pid, uint64_t start_ticks)
{
	int fd = os_open(path, O_RDONLY | TRACE_LOST_FLAGS, 0), writable;
	uint64_t place;
	bool is_told = false;

	if (fd < 0)
		return false;
	place = trace_lost_place(fd, pid, start_ticks);
	writable = place == 0 ? -ENOENT : trace_lost_open(fd, path);
	if (writable >= 0) {
		is_told = trace_lost_add(writable, place);
		(void)os_close(writable);
	}
	(void)os_close(fd);
	return is_told;
}
