/* SPDX-License-Identifier: Apache-2.0 */
/*
 * memtrace.h - what a program may call when it wants to talk to its tracer.
 *
 * Nothing to link: the functions are weak and provided by libmemtrace.so when that is preloaded. Where it
 * is not, memtrace_*() below do nothing, return 0 and cost one test of a pointer.
 *
 * All functions leave errno alone. All may be called from any thread; which may be called from a signal
 * handler is said at each.
 */
#ifndef MEMTRACE_MEMTRACE_H
#define MEMTRACE_MEMTRACE_H

#include <stddef.h>

#ifdef __cplusplus
extern "C" {
#endif

#ifndef MEMTRACE_IMPLEMENTATION

int memtrace_shim_snapshot(const char *path, const char *label) __attribute__((weak));
void memtrace_shim_start(void) __attribute__((weak));
void memtrace_shim_stop(void) __attribute__((weak));
void memtrace_shim_reset_peak(void) __attribute__((weak));
void memtrace_shim_traced_memory(size_t *current_bytes, size_t *peak_bytes) __attribute__((weak));
void memtrace_shim_mark(const char *text) __attribute__((weak));
void memtrace_shim_report_alloc(const void *address, size_t bytes) __attribute__((weak));
void memtrace_shim_report_free(const void *address) __attribute__((weak));

/**
 * memtrace_snapshot() - write a snapshot of this process now.
 * @path: file to create; NULL picks the next numbered name beside the trace file. An existing file is
 *        never replaced. Not kept after the call returns.
 * @label: text that `memtrace list` shows; NULL for none. Not kept.
 *
 * Return: 0, or a negative errno such as -EEXIST or -ENOSPC.
 * Context: any thread, not a signal handler. Other threads keep running; the time is proportional to the
 * number of call stacks.
 */
static inline int memtrace_snapshot(const char *path, const char *label)
{
	return memtrace_shim_snapshot ? memtrace_shim_snapshot(path, label) : 0;
}

/**
 * memtrace_start() / memtrace_stop() - switch recording on or off.
 *
 * What was recorded stays. Blocks allocated while recording is off are unknown: their frees count as
 * foreign. Frees of known blocks are recorded even while it is off, so that nothing looks leaked.
 *
 * Context: any thread or signal handler.
 */
static inline void memtrace_start(void)
{
	if (memtrace_shim_start)
		memtrace_shim_start();
}

static inline void memtrace_stop(void)
{
	if (memtrace_shim_stop)
		memtrace_shim_stop();
}

/**
 * memtrace_reset_peak() - let the peak start again from what is live now.
 *
 * Context: any thread or signal handler.
 */
static inline void memtrace_reset_peak(void)
{
	if (memtrace_shim_reset_peak)
		memtrace_shim_reset_peak();
}

/**
 * memtrace_traced_memory() - bytes that are live now and that were at the peak.
 * @current_bytes: set to the requested bytes of all live blocks; may be NULL. 0 without a tracer.
 * @peak_bytes: set to the highest value of that; may be NULL. 0 without a tracer.
 *
 * Exact while one thread allocates, until a signal handler does so in the middle of an allocation or free of
 * that thread; from then on each thread may hold back 64 KiB.
 *
 * Context: any thread or signal handler.
 */
static inline void memtrace_traced_memory(size_t *current_bytes, size_t *peak_bytes)
{
	if (current_bytes)
		*current_bytes = 0;
	if (peak_bytes)
		*peak_bytes = 0;
	if (memtrace_shim_traced_memory)
		memtrace_shim_traced_memory(current_bytes, peak_bytes);
}

/**
 * memtrace_mark() - put a named moment into the timeline.
 * @text: at most 55 bytes are kept. Not kept after the call returns.
 *
 * Context: any thread or signal handler.
 */
static inline void memtrace_mark(const char *text)
{
	if (memtrace_shim_mark)
		memtrace_shim_mark(text);
}

/**
 * memtrace_report_alloc() / memtrace_report_free() - tell of blocks of a pool of the program's own.
 * @address: of the block; of any alignment. Need not be memory. Never read or written.
 * @bytes: requested by the pool's user.
 *
 * Such blocks are counted like malloc's, at the stack that called memtrace_report_alloc(), and are kept
 * apart from a malloc block of the same address. Reporting a free of an unknown address counts as a
 * foreign free.
 *
 * Context: any thread or signal handler.
 */
static inline void memtrace_report_alloc(const void *address, size_t bytes)
{
	if (memtrace_shim_report_alloc)
		memtrace_shim_report_alloc(address, bytes);
}

static inline void memtrace_report_free(const void *address)
{
	if (memtrace_shim_report_free)
		memtrace_shim_report_free(address);
}

#endif /* MEMTRACE_IMPLEMENTATION */

#ifdef __cplusplus
}
#endif

#endif
