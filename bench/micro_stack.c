/* SPDX-License-Identifier: Apache-2.0 */
/*
 * micro_stack.c - call stacks of a chosen depth that a compiler cannot flatten, without frame pointers.
 */
#include <stdlib.h>

#include "micro.h"

#define NEVER_INLINE __attribute__((noinline))
/* After a call: keeps it from becoming a jump. */
#define STAY_IN_FRAME() __asm__ volatile("" ::: "memory")

typedef void micro_frame(struct micro_work *work, uint32_t left);

static micro_frame *volatile const frames[4];

static inline void descend_one(struct micro_work *work, uint32_t left)
{
	if (left == 0)
		work->loop(work);
	else
		frames[left & 3](work, left - 1);
}

static NEVER_INLINE void frame_plain(struct micro_work *work, uint32_t left)
{
	descend_one(work, left);
	STAY_IN_FRAME();
}

/* Values that live across the call take all registers that a callee saves, rbp too. */
static NEVER_INLINE void frame_saving(struct micro_work *work, uint32_t left)
{
	uint64_t a = work->random, b = a * 3, c = a ^ left, d = a + left, e = a - left, f = ~a;

	__asm__ volatile("" : "+r"(a), "+r"(b), "+r"(c), "+r"(d), "+r"(e), "+r"(f));
	descend_one(work, left);
	__asm__ volatile("" ::"r"(a), "r"(b), "r"(c), "r"(d), "r"(e), "r"(f) : "memory");
}

static NEVER_INLINE void frame_with_locals(struct micro_work *work, uint32_t left)
{
	char text[200];

	__asm__ volatile("" ::"r"(text) : "memory");
	descend_one(work, left);
	__asm__ volatile("" ::"r"(text) : "memory");
}

static NEVER_INLINE void frame_with_both(struct micro_work *work, uint32_t left)
{
	uint64_t numbers[8], a = work->random, b = a ^ left;

	__asm__ volatile("" : "+r"(a), "+r"(b) : "r"(numbers) : "memory");
	descend_one(work, left);
	__asm__ volatile("" ::"r"(a), "r"(b), "r"(numbers) : "memory");
}

static micro_frame *volatile const frames[4] = {
	frame_plain,
	frame_saving,
	frame_with_locals,
	frame_with_both,
};

void micro_descend(struct micro_work *work, uint32_t depth)
{
	descend_one(work, depth);
	STAY_IN_FRAME();
}

typedef void *micro_site(size_t size, uint32_t left);

#define SITE(number)                                                                               \
	static NEVER_INLINE void *site_##number(size_t size, uint32_t left)                        \
	{                                                                                          \
		void *block = left == 0 ? malloc(size) : sites[number](size, left - 1);            \
                                                                                                   \
		STAY_IN_FRAME();                                                                   \
		return block;                                                                      \
	}

static micro_site *volatile const sites[MICRO_SITE_MAX];

SITE(0)
SITE(1)
SITE(2)
SITE(3)
SITE(4)
SITE(5)
SITE(6)
SITE(7)
SITE(8)
SITE(9)
SITE(10)
SITE(11)
SITE(12)
SITE(13)
SITE(14)
SITE(15)

static micro_site *volatile const sites[MICRO_SITE_MAX] = {
	site_0, site_1, site_2,	 site_3,  site_4,  site_5,  site_6,  site_7,
	site_8, site_9, site_10, site_11, site_12, site_13, site_14, site_15,
};

void *micro_alloc_at(uint32_t site, size_t size)
{
	void *block = sites[site](size, site);

	STAY_IN_FRAME();
	return block;
}
