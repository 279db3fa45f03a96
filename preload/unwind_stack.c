/* SPDX-License-Identifier: Apache-2.0 */
/*
 * unwind_stack.c - finds the extent of the stack that a walk is on.
 *
 * The main stack ends where the loader says; any other thread's stack ends at its thread control block,
 * which glibc puts on top of it. What lies between sp and that end, or between sp and the part known so far,
 * counts only after the kernel was asked about all of it. Every other stack (of a signal, a fiber, a raw
 * clone) is asked about piece by piece and for one walk only, because it may be unmapped before the next.
 */
#define _GNU_SOURCE
#include "unwind_stack.h"

#include <dlfcn.h>

#include "libc_compat.h"
#include "memtrace/format.h"
#include "os.h"
#include "os_gate.h"

/* Further away than this is another stack; asking costs time in proportion. */
#define MAIN_GAP_MAX (UINT64_C(64) << 20)
#define THREAD_GAP_MAX (UINT64_C(8) << 20)
#define PROBE_GAP_MAX (UINT64_C(1) << 20)
#define PROBE_BYTES (UINT64_C(16) << 10)
#define PAGE_MASK (~(uint64_t)(MT_PAGE_SIZE - 1))

static uint64_t main_stack_end, main_thread;

static uint64_t thread_pointer(void)
{
	uint64_t address;

	__asm__("movq %%fs:0, %0" : "=r"(address));
	return address;
}

void unwind_stack_init(void)
{
	void *const *end = dlsym(RTLD_DEFAULT, "__libc_stack_end");

	if (end)
		main_stack_end = ((uint64_t)(uintptr_t)*end + ~PAGE_MASK) & PAGE_MASK;
	main_thread = thread_pointer();
}

static bool is_readable(uint64_t low, uint64_t high)
{
	return os_is_readable((const void *)(uintptr_t)low, high - low);
}

static bool find_bounds(struct unwind_bounds *bounds, uint64_t sp)
{
	uint64_t thread = thread_pointer(), low = sp & PAGE_MASK;
	bool is_main = thread == main_thread && main_stack_end != 0;
	uint64_t end = is_main ? main_stack_end : thread;
	uint64_t gap_max = is_main ? MAIN_GAP_MAX : THREAD_GAP_MAX;
	bool is_known = bounds->high == end;
	uint64_t known = is_known ? bounds->low : end;

	if (sp >= known || known - low > gap_max)
		return false;
	/* nothing else lies so near to the main stack: it is taken on trust where asking is not allowed */
	if (!(is_main && !os_may(OS_POPULATE)) && !is_readable(low, known))
		return false;
	bounds->low = low;
	bounds->high = end;
	return true;
}

bool unwind_stack_enter(struct unwind_cursor *cursor, uint64_t sp)
{
	struct unwind_bounds *bounds = cursor->bounds;

	if ((sp >= bounds->low && sp < bounds->high) || find_bounds(bounds, sp)) {
		cursor->low = bounds->low;
		cursor->high = bounds->high;
		cursor->is_probing = false;
		return true;
	}
	cursor->low = sp & PAGE_MASK;
	cursor->high = cursor->low + MT_PAGE_SIZE;
	cursor->is_probing = true;
	return sp < cursor->high && is_readable(cursor->low, cursor->high);
}

bool unwind_stack_extend(struct unwind_cursor *cursor, uint64_t address)
{
	uint64_t high = (address + 8 + ~PAGE_MASK) & PAGE_MASK;

	if (!cursor->is_probing || address < cursor->low || high <= cursor->high ||
	    high - cursor->high > PROBE_GAP_MAX)
		return false;
	if (is_readable(cursor->high, high + PROBE_BYTES))
		high += PROBE_BYTES;
	else if (!is_readable(cursor->high, high))
		return false;
	cursor->high = high;
	return true;
}
