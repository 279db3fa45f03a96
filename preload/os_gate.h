/* SPDX-License-Identifier: Apache-2.0 */
/*
 * os_gate.h - the kinds of system calls that this process may still make.
 *
 * Layer 0. Under a seccomp filter a call that is not allowed may be the process's death. A call of a kind that is shut
 * is not made: it fails with -EPERM. Kinds are shut by one store before the program's filter comes into force.
 */
#ifndef PRELOAD_OS_GATE_H
#define PRELOAD_OS_GATE_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/syscall.h>

#include "hidden.h"
#include "memtrace/atomic.h"

/* Numbers of the calls, by kind. */
#define OS_KINDS(X)                                                                                \
	X(MMAP, SYS_mmap)                                                                          \
	X(MUNMAP, SYS_munmap)                                                                      \
	X(MREMAP, SYS_mremap)                                                                      \
	X(MADVISE, SYS_madvise)                                                                    \
	X(OPENAT, SYS_openat)                                                                      \
	X(CLOSE, SYS_close)                                                                        \
	X(READ, SYS_read)                                                                          \
	X(WRITE, SYS_write)                                                                        \
	X(PWRITE64, SYS_pwrite64)                                                                  \
	X(PWRITEV, SYS_pwritev)                                                                    \
	X(FTRUNCATE, SYS_ftruncate)                                                                \
	X(FALLOCATE, SYS_fallocate)                                                                \
	X(FSTAT, SYS_fstat)                                                                        \
	X(MKDIRAT, SYS_mkdirat)                                                                    \
	X(UNLINKAT, SYS_unlinkat)                                                                  \
	X(LINKAT, SYS_linkat)                                                                      \
	X(RENAMEAT2, SYS_renameat2)                                                                \
	X(READLINKAT, SYS_readlinkat)                                                              \
	X(GETCWD, SYS_getcwd)                                                                      \
	X(GETPID, SYS_getpid)                                                                      \
	X(GETTID, SYS_gettid)                                                                      \
	X(TKILL, SYS_tkill)                                                                        \
	X(SIGALTSTACK, SYS_sigaltstack)                                                            \
	X(SIGACTION, SYS_rt_sigaction)                                                             \
	X(PRCTL, SYS_prctl)                                                                        \
	X(AFFINITY, SYS_sched_getaffinity)                                                         \
	X(PRLIMIT64, SYS_prlimit64)                                                                \
	X(CLOCK, SYS_clock_gettime)

enum os_kind {
#define X(name, number) OS_##name,
	OS_KINDS(X)
#undef X
	/* of madvise: what was added to the kernel late (4.14, 5.14), and filters often do not know */
	OS_POPULATE,
	OS_KIND_COUNT
};

#define OS_BIT(kind) (UINT64_C(1) << (kind))
#define OS_ALL (OS_BIT(OS_KIND_COUNT) - 1)

/*
 * Kinds that are shut, and above them how often some were. A call of a number that has no kind of its own is not made
 * once any is shut.
 */
extern HIDDEN uint64_t os_shut;
#define OS_SHUT_COUNT (UINT64_C(1) << 40)

_Static_assert(OS_KIND_COUNT <= 40, "kinds");

/* Shuts kinds; what was shut before. */
uint64_t os_shut_also(uint64_t kinds);

/* Takes that back, unless another thread has shut some since. */
void os_shut_back(uint64_t old, uint64_t kinds);

static inline bool os_may(enum os_kind kind)
{
	return (mt_load_relaxed(&os_shut) & OS_BIT(kind)) == 0;
}

/* Kinds that must be open for a call; advice is the third argument. */
static inline __attribute__((always_inline)) uint64_t os_needs(long number, long advice)
{
	switch (number) {
#define X(name, of_name)                                                                           \
	case of_name:                                                                              \
		return of_name == SYS_madvise && advice >= 18 ? OS_BIT(OS_POPULATE)                \
							      : OS_BIT(OS_##name);
		OS_KINDS(X)
#undef X
	default:
		return OS_ALL;
	}
}

static inline __attribute__((always_inline)) bool os_may_call(long number, long third)
{
	return __builtin_expect((mt_load_relaxed(&os_shut) & os_needs(number, third)) == 0, 1);
}

#endif
