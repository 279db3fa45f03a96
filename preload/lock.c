/* SPDX-License-Identifier: Apache-2.0 */
/*
 * lock.c - keeps memory of the shim out of what a program locks.
 *
 * mlockall(2) is passed on. It would fill the sparse mapping of the trace file and count it against a limit that
 * is the program's; so what is ours and large is unlocked again, and later mappings are unlocked before they have
 * pages. Where the limit is met only because of ours, all else is locked piece by piece.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/mman.h>

#include "arena.h"
#include "hidden.h"
#include "libc_compat.h"
#include "live_memory.h"
#include "memtrace/atomic.h"
#include "os.h"
#include "os_lock.h"
#include "trace_file.h"

#define EXPORT __attribute__((visibility("default")))

/* Libc's, without its promise that nothing is thrown. */
EXPORT int mlockall(int flags);
EXPORT int munlockall(void);

/* The image of the shim itself: set by the linker. */
extern HIDDEN char __ehdr_start[], _end[];

static __typeof__(mlockall) *lock_next;
static __typeof__(munlockall) *lock_next_end;

/* What is large. The rest comes to a few hundred KiB. */
static void lock_each(trace_visit visit, void *context)
{
	const struct os_range ranges[] = {
		{__ehdr_start, (uintptr_t)_end - (uintptr_t)__ehdr_start},
		arena_range(false),
		arena_range(true),
		live_memory_range(),
	};

	trace_file_each_mapping(visit, context);
	for (size_t i = 0; i < sizeof(ranges) / sizeof(ranges[0]); i++)
		visit(ranges[i].start, ranges[i].bytes, context);
}

static void lock_add(char *start, size_t bytes, void *context)
{
	(void)start;
	*(uint64_t *)context += bytes;
}

static void lock_take_out_one(char *start, size_t bytes, void *context)
{
	(void)context;
	os_unlock(start, bytes);
}

/* Of a shared mapping: the pages stay what they are, and come back when they are used. */
static void lock_forget(char *start, size_t bytes, void *context)
{
	(void)context;
	(void)os_advise(start, bytes, MADV_DONTNEED);
}

/* Takes ours out of what has just been locked, and the pages out of memory that it had no use for. */
static void lock_take_out(void)
{
	lock_each(lock_take_out_one, NULL);
	trace_file_each_mapping(lock_forget, NULL);
	live_memory_forget();
}

struct lock_search {
	uint64_t address;
	bool is_found;
};

static void lock_compare(char *start, size_t bytes, void *context)
{
	struct lock_search *search = context;

	search->is_found |= search->address - (uintptr_t)start < bytes;
}

static bool lock_is_ours(uint64_t address)
{
	struct lock_search search = {.address = address};

	lock_each(lock_compare, &search);
	return search.is_found;
}

/* Reads "start-end ..." line by line without keeping one: a line may be as long as a path. */
struct lock_reader {
	uint64_t start, number;
	bool is_past;
};

static void lock_read(struct lock_reader *reader, char c, unsigned flags)
{
	if (c == '\n') {
		*reader = (struct lock_reader){0};
	} else if (reader->is_past) {
		return;
	} else if (c == '-') {
		reader->start = reader->number;
		reader->number = 0;
	} else if (c == ' ') {
		reader->is_past = true;
		if (!lock_is_ours(reader->start))
			os_lock((void *)(uintptr_t)reader->start, reader->number - reader->start,
				flags);
	} else {
		reader->number =
			reader->number * 16 + (uint64_t)(c <= '9' ? c - '0' : c - 'a' + 10);
	}
}

static void lock_all_else(unsigned flags)
{
	int fd = os_open("/proc/self/maps", O_RDONLY | O_CLOEXEC, 0);
	struct lock_reader reader = {0};
	char part[512];
	long got;

	if (fd < 0)
		return;
	while ((got = os_read(fd, part, sizeof(part))) > 0)
		for (long i = 0; i < got; i++)
			lock_read(&reader, part[i], flags);
	(void)os_close(fd);
}

/* Pages that the program would have without ours; 0 = not known. */
static uint64_t lock_pages_without(void)
{
	char text[64];
	uint64_t pages = 0, ours = 0;

	if (os_read_file("/proc/self/statm", text, sizeof(text)) <= 0)
		return 0;
	for (const char *p = text; *p >= '0' && *p <= '9'; p++)
		pages = pages * 10 + (uint64_t)(*p - '0');
	lock_each(lock_add, &ours);
	return pages > ours / 4096 ? pages - ours / 4096 : 0;
}

static int lock_fail(int status)
{
	if (status >= 0)
		return status;
	errno = -status;
	return -1;
}

static int lock_call(int flags)
{
	return lock_next != NULL ? lock_next(flags) : lock_fail(os_lock_all(flags));
}

/* Whether a call that has failed would have been within the limit without us, and has been made up for. */
static bool lock_make_up(int flags)
{
	uint64_t pages = lock_pages_without();

	if (pages == 0 || pages > os_lock_limit() / 4096)
		return false;
	if ((flags & MCL_FUTURE) != 0 && lock_call(flags & ~MCL_CURRENT) != 0)
		return false;
	lock_all_else((flags & MCL_ONFAULT) != 0 ? MLOCK_ONFAULT : 0);
	return true;
}

int mlockall(int flags)
{
	bool was_locking = mt_load_relaxed(&os_is_locking), is_future = (flags & MCL_FUTURE) != 0;
	bool has_ours = (flags & MCL_CURRENT) != 0;
	int status, saved = errno;

	mt_store_relaxed(&os_is_locking, was_locking || is_future);
	status = lock_call(flags);
	if (status == 0 && has_ours) {
		lock_take_out();
	} else if (status != 0 && errno == ENOMEM && has_ours && lock_make_up(flags)) {
		errno = saved;
		status = 0;
	}
	mt_store_relaxed(&os_is_locking, status == 0 ? is_future : was_locking);
	return status;
}

int munlockall(void)
{
	int status = lock_next_end != NULL ? lock_next_end() : lock_fail(os_unlock_all());

	if (status == 0)
		mt_store_relaxed(&os_is_locking, false);
	return status;
}

/* After confine.c, whose look-ups free what start-up has left of one that failed. */
static __attribute__((constructor(103))) void lock_constructor(void)
{
	void *next = dlsym(RTLD_NEXT, "mlockall");

	memcpy(&lock_next, &next, sizeof(next));
	next = dlsym(RTLD_NEXT, "munlockall");
	memcpy(&lock_next_end, &next, sizeof(next));
}
