/* SPDX-License-Identifier: Apache-2.0 */
/*
 * confine.c - hears of a seccomp filter before it is in force, and keeps within it.
 *
 * A program that confines itself says so by prctl(2) or seccomp(2), for which libc has only syscall(3). Both are passed
 * on as they are; before, the filter is asked about the calls that the shim makes now and then. Those that it does not
 * let through are not made any more, and what they are for is taken beforehand, as far as it is mapped.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <linux/filter.h>
#include <linux/prctl.h>
#include <linux/seccomp.h>
#include <stddef.h>
#include <string.h>

#include "arena.h"
#include "libc_compat.h"
#include "live_memory.h"
#include "os.h"
#include "os_call.h"
#include "os_filter.h"
#include "process.h"
#include "thread.h"
#include "trace_file.h"

#define EXPORT __attribute__((visibility("default")))

#define CONFINE_FILTER_MAX 4096u /* instructions; the kernel takes no more */

/* Declared by hand, as five words: the system call has no more, and libc's declaration has dots. */
EXPORT int prctl(int option, unsigned long a, unsigned long b, unsigned long c, unsigned long d);

static __typeof__(prctl) *confine_next_prctl;

/* What a filter of the program will refuse; 0 also where the kernel will not take the filter. */
static uint64_t confine_refused_by_filter(const void *argument)
{
	struct sock_fprog filter;

	if (!os_is_readable(argument, sizeof(filter)))
		return os_may(OS_POPULATE) ? 0 : OS_ALL;
	memcpy(&filter, argument, sizeof(filter));
	if (filter.len == 0 || filter.len > CONFINE_FILTER_MAX ||
	    !os_is_readable(filter.filter, filter.len * sizeof(*filter.filter)))
		return 0;
	return os_filter_refuses(filter.filter, filter.len);
}

static uint64_t confine_refused_by_seccomp(unsigned long operation, unsigned long flags,
					   const void *argument)
{
	if (operation == SECCOMP_SET_MODE_STRICT)
		return flags == 0 && argument == NULL ? os_filter_strict() : 0;
	return operation == SECCOMP_SET_MODE_FILTER ? confine_refused_by_filter(argument) : 0;
}

static uint64_t confine_refused_by_prctl(unsigned long option, unsigned long a, const void *b)
{
	if (option == PR_SET_TSC)
		return a == PR_TSC_SIGSEGV ? OS_BIT(OS_CLOCK) : 0;
	if (option != PR_SET_SECCOMP)
		return 0;
	if (a == SECCOMP_MODE_STRICT)
		return os_filter_strict();
	return a == SECCOMP_MODE_FILTER ? confine_refused_by_filter(b) : 0;
}

/* What can no longer be had from the system is taken now. */
static void confine_prepare(uint64_t refused)
{
	const uint64_t for_memory = OS_BIT(OS_MMAP) | OS_BIT(OS_MADVISE);
	const uint64_t for_file = OS_BIT(OS_POPULATE) | OS_BIT(OS_MREMAP) | for_memory;

	if ((refused & OS_BIT(OS_CLOCK)) != 0)
		os_clock_note();
	if ((refused & for_file) == 0 || !process_is_traced())
		return;
	trace_file_prepare();
	if ((refused & for_memory) == 0)
		return;
	arena_prepare();
	live_memory_prepare();
}

struct confine {
	uint64_t refused, before;
};

static struct confine confine_begin(uint64_t refused)
{
	struct confine confine = {.refused = refused};

	if (refused == 0)
		return confine;
	confine_prepare(refused);
	confine.before = os_shut_also(refused);
	return confine;
}

static long confine_end(const struct confine *confine, long result)
{
	if (result < 0 && confine->refused != 0)
		os_shut_back(confine->before, confine->refused);
	return result;
}

static long confine_fail(long result)
{
	if (result >= 0 || result < -4095)
		return result;
	errno = (int)-result;
	return -1;
}

int prctl(int option, unsigned long a, unsigned long b, unsigned long c, unsigned long d)
{
	struct confine confine =
		confine_begin(confine_refused_by_prctl((unsigned long)option, a, (const void *)b));
	long result = confine_next_prctl != NULL
			      ? confine_next_prctl(option, a, b, c, d)
			      : confine_fail(os_call(SYS_prctl, option, (long)a, (long)b, (long)c,
						     (long)d, 0));

	return (int)confine_end(&confine, result);
}

/* syscall(3) with one of the two numbers. */
__attribute__((used)) HIDDEN long confine_syscall(long number, long a, long b, long c, long d,
						  long e);
long confine_syscall(long number, long a, long b, long c, long d, long e)
{
	uint64_t refused = number == SYS_prctl
				   ? confine_refused_by_prctl((unsigned long)a, (unsigned long)b,
							      (const void *)c)
				   : confine_refused_by_seccomp((unsigned long)a, (unsigned long)b,
								(const void *)c);
	struct confine confine = confine_begin(refused);

	return confine_end(&confine, confine_fail(os_call(number, a, b, c, d, e, 0)));
}

__attribute__((used)) HIDDEN long confine_any_syscall(long number, long a, long b, long c, long d,
						      long e, long f);
/* Only before the next syscall() in line is known. */
long confine_any_syscall(long number, long a, long b, long c, long d, long e, long f)
{
	return confine_fail(os_call(number, a, b, c, d, e, f));
}

__attribute__((used)) HIDDEN void *confine_next_syscall = (void *)(uintptr_t)confine_any_syscall;

/*
 * All other numbers are a jump: the next syscall() in line finds the registers and the stack as they were, which some
 * calls need.
 */
#define CONFINE_STRING(text) #text
#define CONFINE_NUMBER(number) CONFINE_STRING(number)
#if defined(__x86_64__)
__asm__(".text\n"
	".globl syscall\n"
	".type syscall, @function\n"
	"syscall:\n"
	".cfi_startproc\n"
	"	endbr64\n"
	"	cmpq $" CONFINE_NUMBER(
		__NR_seccomp) ", %rdi\n"
			      "	je confine_syscall\n"
			      "	cmpq $" CONFINE_NUMBER(
				      __NR_prctl) ", %rdi\n"
						  "	je confine_syscall\n"
						  "	jmpq *confine_next_syscall(%rip)\n"
						  ".cfi_endproc\n"
						  ".size syscall, . - syscall\n");
#else
__asm__(".text\n"
	".globl syscall\n"
	".type syscall, %function\n"
	"syscall:\n"
	".cfi_startproc\n"
	"	hint #34\n"
	"	cmp x0, #" CONFINE_NUMBER(
		__NR_seccomp) "\n"
			      "	b.eq 1f\n"
			      "	cmp x0, #" CONFINE_NUMBER(
				      __NR_prctl) "\n"
						  "	b.eq 1f\n"
						  "	adrp x16, confine_next_syscall\n"
						  "	ldr x16, [x16, "
						  ":lo12:confine_next_syscall]\n"
						  "	br x16\n"
						  "1:	b confine_syscall\n"
						  ".cfi_endproc\n"
						  ".size syscall, . - syscall\n");
#endif

/* Before the program can ask for anything; a lookup that succeeds does not allocate, and every libc has both. */
static __attribute__((constructor(102))) void confine_constructor(void)
{
	uint32_t outer = thread_local_state.aside;
	void *next;

	/* dlsym() frees what start-up has left of a name that it did not find: no event of the program */
	thread_local_state.aside = THREAD_ASIDE_OURS;
	next = dlsym(RTLD_NEXT, "prctl");

	memcpy(&confine_next_prctl, &next, sizeof(next));
	next = dlsym(RTLD_NEXT, "syscall");
	if (next != NULL)
		confine_next_syscall = next;
	thread_local_state.aside = outer;
}
