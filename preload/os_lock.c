/* SPDX-License-Identifier: Apache-2.0 */
/*
 * os_lock.c - the system calls for locked memory.
 */
#define _GNU_SOURCE
#include "os_lock.h"

#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/syscall.h>

#include "os_call.h"

bool os_is_locking;

void os_lock(void *start, size_t bytes, unsigned flags)
{
	(void)CALL3(SYS_mlock2, start, bytes, flags);
}

void os_unlock(void *start, size_t bytes)
{
	uintptr_t first = (uintptr_t)start & ~(uintptr_t)4095;

	if (bytes > 0)
		(void)CALL2(SYS_munlock, first, (uintptr_t)start + bytes - first);
}

int os_lock_all(int flags)
{
	return (int)CALL1(SYS_mlockall, flags);
}

int os_unlock_all(void)
{
	return (int)CALL0(SYS_munlockall);
}

uint64_t os_lock_limit(void)
{
	struct rlimit limit;

	if (CALL4(SYS_prlimit64, 0, RLIMIT_MEMLOCK, NULL, &limit) < 0)
		return 0;
	return limit.rlim_cur == RLIM_INFINITY ? UINT64_MAX : limit.rlim_cur;
}

bool os_open_unlocked(void *start, size_t bytes)
{
	os_unlock(start, bytes);
	return CALL3(SYS_mprotect, start, bytes, PROT_READ | PROT_WRITE) == 0;
}
