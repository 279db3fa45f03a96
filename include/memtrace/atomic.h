/* SPDX-License-Identifier: Apache-2.0 */
/*
 * atomic.h - the only way to touch a field that two threads or two processes share. The memory order is in
 * the name; every acquire and release says at its use who its partner is.
 *
 * "owned" adds are for counters with one writing thread: one instruction where the machine has one, so
 * that a signal handler of that thread that adds to the same counter cannot be lost between load and
 * store, and without a bus lock. Other threads may only load such a counter.
 */
#ifndef MEMTRACE_ATOMIC_H
#define MEMTRACE_ATOMIC_H

#include <stdbool.h>
#include <stdint.h>

/* Stress tests give the processor away at random before each step; elsewhere there is nothing. */
#if defined(MT_STEPS_YIELD)
void mt_step(void);
#define MT_STEP mt_step(),
#else
#define MT_STEP
#endif

#define mt_load_relaxed(p) (MT_STEP __atomic_load_n((p), __ATOMIC_RELAXED))
#define mt_load_acquire(p) (MT_STEP __atomic_load_n((p), __ATOMIC_ACQUIRE))
#define mt_store_relaxed(p, v) (MT_STEP __atomic_store_n((p), (v), __ATOMIC_RELAXED))
#define mt_store_release(p, v) (MT_STEP __atomic_store_n((p), (v), __ATOMIC_RELEASE))
#define mt_add_relaxed(p, v) (MT_STEP __atomic_add_fetch((p), (v), __ATOMIC_RELAXED))
#define mt_fetch_add_relaxed(p, v) (MT_STEP __atomic_fetch_add((p), (v), __ATOMIC_RELAXED))
#define mt_fetch_add_acq_rel(p, v) (MT_STEP __atomic_fetch_add((p), (v), __ATOMIC_ACQ_REL))
#define mt_exchange_acq_rel(p, v) (MT_STEP __atomic_exchange_n((p), (v), __ATOMIC_ACQ_REL))
/* Compare and swap; *expected is updated on failure. */
#define mt_cas_acq_rel(p, expected, v)                                                             \
	(MT_STEP __atomic_compare_exchange_n((p), (expected), (v), false, __ATOMIC_ACQ_REL,        \
					     __ATOMIC_ACQUIRE))
#define mt_cas_relaxed(p, expected, v)                                                             \
	(MT_STEP __atomic_compare_exchange_n((p), (expected), (v), false, __ATOMIC_RELAXED,        \
					     __ATOMIC_RELAXED))
/* Orders accesses as one thread and its own signal handlers see them; no instruction. */
#define mt_signal_fence() __atomic_signal_fence(__ATOMIC_SEQ_CST)
#define mt_fence_acquire() __atomic_thread_fence(__ATOMIC_ACQUIRE)
#define mt_fence_release() __atomic_thread_fence(__ATOMIC_RELEASE)
#define mt_fence_seq_cst() __atomic_thread_fence(__ATOMIC_SEQ_CST)
#define mt_fetch_or_relaxed(p, v) (MT_STEP __atomic_fetch_or((p), (v), __ATOMIC_RELAXED))
#define mt_fetch_or_acq_rel(p, v) (MT_STEP __atomic_fetch_or((p), (v), __ATOMIC_ACQ_REL))

/* ThreadSanitizer does not see into assembly: it gets the compiler's own operations, gcc and clang alike. */
#if defined(__SANITIZE_THREAD__)
#define MT_ATOMIC_IS_WATCHED 1
#elif defined(__has_feature)
#if __has_feature(thread_sanitizer)
#define MT_ATOMIC_IS_WATCHED 1
#endif
#endif
#if defined(__x86_64__) && !defined(MT_ATOMIC_IS_WATCHED)
#define MT_ATOMIC_HAS_ASSEMBLY 1
#endif

#if defined(MT_ATOMIC_HAS_ASSEMBLY)
static inline void mt_add_owned_u64(uint64_t *p, uint64_t v)
{
	__asm__("addq %1, %0" : "+m"(*p) : "er"(v) : "cc");
}

static inline void mt_add_owned_i64(int64_t *p, int64_t v)
{
	__asm__("addq %1, %0" : "+m"(*p) : "er"(v) : "cc");
}

/* What was there before. */
static inline uint64_t mt_fetch_add_owned_u64(uint64_t *p, uint64_t v)
{
	__asm__("xaddq %1, %0" : "+m"(*p), "+r"(v) : : "cc");
	return v;
}
#else
static inline void mt_add_owned_u64(uint64_t *p, uint64_t v)
{
	(void)mt_fetch_add_relaxed(p, v);
}

static inline void mt_add_owned_i64(int64_t *p, int64_t v)
{
	(void)mt_fetch_add_relaxed(p, v);
}

static inline uint64_t mt_fetch_add_owned_u64(uint64_t *p, uint64_t v)
{
	return mt_fetch_add_relaxed(p, v);
}
#endif

/* Two words that change together. Aligned to 16 bytes. */
struct mt_pair {
	uint64_t low, high;
} __attribute__((aligned(16)));

/* Compare and swap of both words at once, a full barrier; returns whether it took place. */
#if defined(MT_ATOMIC_HAS_ASSEMBLY)
static inline bool mt_cas_pair(struct mt_pair *p, struct mt_pair expected, struct mt_pair v)
{
	bool is_done;

	(void)(MT_STEP 0);
	__asm__ volatile("lock cmpxchg16b %1"
			 : "=@ccz"(is_done), "+m"(*p), "+a"(expected.low), "+d"(expected.high)
			 : "b"(v.low), "c"(v.high)
			 : "memory");
	return is_done;
}
#else
/* Needs -mcx16 or the machine's own instruction; the build adds it. */
static inline bool mt_cas_pair(struct mt_pair *p, struct mt_pair expected, struct mt_pair v)
{
	(void)(MT_STEP 0);
	unsigned __int128 old = (unsigned __int128)expected.high << 64 | expected.low;
	unsigned __int128 new = (unsigned __int128)v.high << 64 | v.low;

	return __sync_bool_compare_and_swap((unsigned __int128 *)(void *)p, old, new);
}
#endif

#endif
