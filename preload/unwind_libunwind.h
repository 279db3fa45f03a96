/* SPDX-License-Identifier: Apache-2.0 */
/*
 * unwind_libunwind.h - the boundary between the shim and libmemtrace-libunwind.so, the second unwinder.
 *
 * The object is opened at start-up, and only when it was asked for, with RTLD_DEEPBIND: so libunwind's
 * calls of malloc, sigprocmask and pthread_mutex_lock reach libc and this object, not the program.
 */
#ifndef PRELOAD_UNWIND_LIBUNWIND_H
#define PRELOAD_UNWIND_LIBUNWIND_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "unwind.h"

#define UNWIND_LIBUNWIND_INIT "unwind_libunwind_init"
#define UNWIND_LIBUNWIND_WALK "unwind_libunwind_walk"

struct unwind_libunwind_module {
	uint64_t start, end;   /* mapped range */
	uint64_t eh_frame_hdr; /* address; 0 = none */
};

/* How it looks at this process: all memory and all modules through us. */
struct unwind_libunwind_host {
	bool (*read)(void *context, uint64_t address, uint64_t *out);
	bool (*find_module)(void *context, uint64_t pc, struct unwind_libunwind_module *out);
	void *context;
};

/* Once, before the first walk; false = libunwind refused. */
typedef bool unwind_libunwind_init_function(void);

/**
 * unwind_libunwind_walk() - frame addresses of a stack, innermost first.
 * @frames: room for frame_max of them.
 * @status: set to UNWIND_FRAME when there are more frames than that, else to how the stack ended.
 *
 * Return: number of frames; 0 inside a walk of the same thread that a signal interrupted.
 */
typedef size_t unwind_libunwind_walk_function(const struct unwind_regs *regs,
					      const struct unwind_libunwind_host *host,
					      uint64_t *frames, size_t frame_max,
					      enum unwind_status *status);

unwind_libunwind_init_function unwind_libunwind_init;
unwind_libunwind_walk_function unwind_libunwind_walk;

#endif
