/* SPDX-License-Identifier: Apache-2.0 */
/*
 * unwind_libunwind.c - walks the own stack with libunwind as if it were another process's.
 *
 * Remote unwinding asks us for every word and every unwind table, so that libunwind keeps no pipe to try
 * addresses with and never enters the loader. What is left are its memory pools, which it guards by
 * blocking all signals and taking a mutex. Our own versions of these three functions make no system call,
 * survive a fork, and a walk inside an interrupted walk of the same thread is refused.
 */
#define _GNU_SOURCE
#include <libunwind-x86_64.h>
#include <pthread.h>
#include <signal.h>
#include <sys/mman.h>

#include "memtrace/atomic.h"
#include "memtrace/format.h"
#include "unwind_libunwind.h"

#define EXPORT __attribute__((visibility("default")))
#define search_unwind_table UNW_OBJ(dwarf_search_unwind_table)
#define EH_UDATA4 0x03
#define EH_DATAREL_SDATA4 0x3b
#define EH_PCREL_SDATA4 0x1b
#define TABLE_OFFSET 12 /* of the search table in .eh_frame_hdr, as every linker writes it */

/* Exported for debuggers, and declared in no header. */
extern int search_unwind_table(unw_addr_space_t, unw_word_t, unw_dyn_info_t *, unw_proc_info_t *,
			       int, void *);

/* More words than any step needs: an expression may jump back for ever. */
#define STEP_READS_MAX 100000u

struct walk {
	const struct unwind_regs *regs;
	const struct unwind_libunwind_host *host;
	uint32_t reads_left; /* of this step */
};

static unw_addr_space_t space;
static uint32_t *pool_lock; /* 1 = held; in a page that is 0 again in a forked child */
static __thread bool is_walking __attribute__((tls_model("initial-exec")));

EXPORT int sigprocmask(int how, const sigset_t *set, sigset_t *old)
{
	(void)how;
	(void)set;
	(void)old;
	return 0;
}

/* libunwind's mutexes are all taken here; the critical sections are a few instructions long. */
EXPORT int pthread_mutex_lock(pthread_mutex_t *mutex)
{
	(void)mutex;
	while (mt_exchange_acq_rel(pool_lock, 1) != 0) /* with the release below */
		__builtin_ia32_pause();
	return 0;
}

EXPORT int pthread_mutex_unlock(pthread_mutex_t *mutex)
{
	(void)mutex;
	mt_store_release(pool_lock, 0);
	return 0;
}

static int access_mem(unw_addr_space_t as, unw_word_t address, unw_word_t *value, int write,
		      void *arg)
{
	struct walk *walk = arg;

	(void)as;
	if (write || walk->reads_left == 0 ||
	    !walk->host->read(walk->host->context, address, value))
		return -UNW_EINVAL;
	walk->reads_left--;
	return 0;
}

static int access_reg(unw_addr_space_t as, unw_regnum_t number, unw_word_t *value, int write,
		      void *arg)
{
	const struct unwind_regs *regs = ((const struct walk *)arg)->regs;
	const uint64_t *const places[UNW_X86_64_RIP + 1] = {
		[UNW_X86_64_RIP] = &regs->ip,  [UNW_X86_64_RSP] = &regs->sp,
		[UNW_X86_64_RBP] = &regs->bp,  [UNW_X86_64_RBX] = &regs->bx,
		[UNW_X86_64_R12] = &regs->r12, [UNW_X86_64_R13] = &regs->r13,
		[UNW_X86_64_R14] = &regs->r14, [UNW_X86_64_R15] = &regs->r15,
	};

	(void)as;
	if (write || number < 0 || number > UNW_X86_64_RIP || !places[number])
		return -UNW_EBADREG;
	*value = *places[number];
	return 0;
}

static int access_fpreg(unw_addr_space_t as, unw_regnum_t number, unw_fpreg_t *value, int write,
			void *arg)
{
	(void)as;
	(void)number;
	(void)value;
	(void)write;
	(void)arg;
	return -UNW_EBADREG;
}

static bool read_word(const struct walk *walk, uint64_t address, uint64_t *out)
{
	return walk->host->read(walk->host->context, address, out);
}

static int find_proc_info(unw_addr_space_t as, unw_word_t ip, unw_proc_info_t *info,
			  int need_unwind_info, void *arg)
{
	const struct walk *walk = arg;
	struct unwind_libunwind_module module;
	unw_dyn_info_t table = {.format = UNW_INFO_FORMAT_REMOTE_TABLE};
	uint64_t head, count;
	const uint8_t *bytes = (const uint8_t *)&head;

	if (!walk->host->find_module(walk->host->context, ip, &module) ||
	    module.eh_frame_hdr == 0 || !read_word(walk, module.eh_frame_hdr, &head) ||
	    !read_word(walk, module.eh_frame_hdr + 8, &count))
		return -UNW_ENOINFO;
	if (bytes[0] != 1 || bytes[1] != EH_PCREL_SDATA4 || bytes[2] != EH_UDATA4 ||
	    bytes[3] != EH_DATAREL_SDATA4)
		return -UNW_ENOINFO;
	table.start_ip = module.start;
	table.end_ip = module.end;
	table.u.rti.segbase = module.eh_frame_hdr;
	table.u.rti.table_data = module.eh_frame_hdr + TABLE_OFFSET;
	table.u.rti.table_len = (uint32_t)count; /* in words of 8 bytes: one row each */
	return search_unwind_table(as, ip, &table, info, need_unwind_info, arg);
}

static void put_unwind_info(unw_addr_space_t as, unw_proc_info_t *info, void *arg)
{
	(void)as;
	(void)info;
	(void)arg;
}

static int find_dynamic(unw_addr_space_t as, unw_word_t *address, void *arg)
{
	(void)as;
	(void)address;
	(void)arg;
	return -UNW_ENOINFO;
}

static int resume(unw_addr_space_t as, unw_cursor_t *cursor, void *arg)
{
	(void)as;
	(void)cursor;
	(void)arg;
	return -UNW_EINVAL;
}

static int find_name(unw_addr_space_t as, unw_word_t ip, char *name, size_t bytes,
		     unw_word_t *offset, void *arg)
{
	(void)as;
	(void)ip;
	(void)name;
	(void)bytes;
	(void)offset;
	(void)arg;
	return -UNW_ENOINFO;
}

static bool make_lock(void)
{
	pool_lock = mmap(NULL, MT_PAGE_SIZE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS,
			 -1, 0);
	return pool_lock != MAP_FAILED && madvise(pool_lock, MT_PAGE_SIZE, MADV_WIPEONFORK) == 0;
}

EXPORT bool unwind_libunwind_init(void)
{
	static unw_accessors_t accessors = {
		.find_proc_info = find_proc_info,
		.put_unwind_info = put_unwind_info,
		.get_dyn_info_list_addr = find_dynamic,
		.access_mem = access_mem,
		.access_reg = access_reg,
		.access_fpreg = access_fpreg,
		.resume = resume,
		.get_proc_name = find_name,
	};

	if (!make_lock())
		return false;
	space = unw_create_addr_space(&accessors, 0);
	if (space)
		unw_set_caching_policy(space, UNW_CACHE_NONE);
	return space != NULL;
}

static size_t walk_frames(struct walk *walk, unw_cursor_t *cursor, uint64_t *frames,
			  size_t frame_max, enum unwind_status *status)
{
	bool is_exact = true;
	size_t count = 0;
	int step;

	do {
		unw_word_t ip = 0;

		if (count == frame_max) {
			*status = UNWIND_FRAME;
			return count;
		}
		if (unw_get_reg(cursor, UNW_REG_IP, &ip) < 0 || ip == 0)
			break;
		frames[count] = ip - !is_exact;
		walk->reads_left = STEP_READS_MAX;
		step = unw_step(cursor);
		/* after the step it tells whether that led out of a handler */
		if (unw_is_signal_frame(cursor) > 0 && !is_exact)
			frames[count]++;
		is_exact = unw_is_signal_frame(cursor) > 0;
		count++;
	} while (step > 0);
	*status = step < 0 ? UNWIND_BROKEN : UNWIND_END;
	return count;
}

EXPORT size_t unwind_libunwind_walk(const struct unwind_regs *regs,
				    const struct unwind_libunwind_host *host, uint64_t *frames,
				    size_t frame_max, enum unwind_status *status)
{
	struct walk walk = {regs, host, STEP_READS_MAX};
	unw_cursor_t cursor;
	size_t count = 0;

	*status = UNWIND_BROKEN;
	if (is_walking)
		return 0;
	is_walking = true;
	mt_signal_fence();
	if (unw_init_remote(&cursor, space, &walk) == 0)
		count = walk_frames(&walk, &cursor, frames, frame_max, status);
	mt_signal_fence();
	is_walking = false;
	return count;
}
