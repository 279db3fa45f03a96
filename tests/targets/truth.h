/* SPDX-License-Identifier: Apache-2.0 */
/*
 * truth.h - how a target tells the test what it really did, without allocating and without stdio.
 *
 * Each fact is one line of JSON, appended to the file named by TRUTH_FILE (or written to fd 1) by one
 * write(2), so that it holds after fork, exec, closefrom() and SIGKILL alike.
 */
#ifndef TRUTH_H
#define TRUTH_H

#include <fcntl.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* A function whose call instructions stay its own: the test finds its row by name. */
#ifdef __clang__
#define SITE __attribute__((noinline))
#else
#define SITE __attribute__((noinline, noclone))
#endif
/* Keeps a call from becoming a jump, which would take the caller out of the stack. */
#define KEEP_FRAME() __asm__ volatile("" ::: "memory")

/* What one function allocated in this process. Its inherited blocks are in live only. */
struct truth {
	const char *function;
	long alloc_count, alloc_bytes;
	long free_count, freed_bytes;
	long live_blocks, live_bytes;
};

static inline void truth_alloc(struct truth *t, size_t bytes)
{
	t->alloc_count++;
	t->alloc_bytes += (long)bytes;
	t->live_blocks++;
	t->live_bytes += (long)bytes;
}

static inline void truth_free(struct truth *t, size_t bytes)
{
	t->free_count++;
	t->freed_bytes += (long)bytes;
	t->live_blocks--;
	t->live_bytes -= (long)bytes;
}

/* A forked child counts from zero, but what was alive is still alive. */
static inline void truth_inherit(struct truth *t)
{
	t->alloc_count = t->alloc_bytes = t->free_count = t->freed_bytes = 0;
}

static inline void truth_line(const char *format, ...) __attribute__((format(printf, 1, 2)));
static inline void truth_line(const char *format, ...)
{
	const char *path = getenv("TRUTH_FILE");
	char line[1024];
	va_list arguments;
	int fd = 1, length;

	va_start(arguments, format);
	length = vsnprintf(line, sizeof(line) - 1, format, arguments);
	va_end(arguments);
	if (length < 0 || (size_t)length >= sizeof(line) - 1)
		_exit(99);
	line[length++] = '\n';
	if (path)
		fd = open(path, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0600);
	if (fd < 0 || write(fd, line, (size_t)length) != length)
		_exit(98);
	if (path)
		close(fd);
}

static inline void truth_tell(const struct truth *t)
{
	truth_line("{\"pid\":%d,\"function\":\"%s\",\"alloc_count\":%ld,\"alloc_bytes\":%ld,"
		   "\"free_count\":%ld,\"freed_bytes\":%ld,\"live_blocks\":%ld,\"live_bytes\":%ld}",
		   (int)getpid(), t->function, t->alloc_count, t->alloc_bytes, t->free_count,
		   t->freed_bytes, t->live_blocks, t->live_bytes);
}

/* A fact of another kind: the test knows what it means. */
static inline void truth_number(const char *name, long value)
{
	truth_line("{\"pid\":%d,\"name\":\"%s\",\"value\":%ld}", (int)getpid(), name, value);
}

/* Ends the target where something outside memtrace went wrong, so that no test takes it for a result. */
static inline void truth_require(int is_true, const char *what)
{
	if (is_true)
		return;
	truth_line("{\"pid\":%d,\"failed\":\"%s\"}", (int)getpid(), what);
	_exit(97);
}

#endif
