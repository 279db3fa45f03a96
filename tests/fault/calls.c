/* SPDX-License-Identifier: Apache-2.0 */
/*
 * calls.c - the table of system calls that the shim makes, itself or through libc.
 */
#include "calls.h"

#include <sys/syscall.h>

#define CALL(name)                                                                                 \
	{                                                                                          \
#name, SYS_##name                                                                  \
	}

const struct call calls[] = {
	CALL(close),
	CALL(fallocate),
	CALL(fchmod),
	CALL(fchmodat),
	CALL(fstat),
	CALL(ftruncate),
	CALL(getcwd),
	CALL(getpid),
	CALL(gettid),
	CALL(linkat),
	CALL(madvise),
	CALL(mkdirat),
	CALL(mmap),
	CALL(mprotect),
	CALL(mremap),
	CALL(munlock),
	CALL(munmap),
	CALL(openat),
	CALL(prctl),
	CALL(prlimit64),
	CALL(pwrite64),
	CALL(pwritev),
	CALL(read),
	CALL(readlinkat),
	CALL(renameat2),
	CALL(sched_getaffinity),
	CALL(sigaltstack),
	CALL(tkill),
	CALL(unlinkat),
	CALL(write),
	/* through libc, when there is something to say */
	CALL(geteuid),
	CALL(poll),
	CALL(rt_sigaction),
	CALL(rt_sigpending),
	CALL(rt_sigprocmask),
	CALL(uname),
};

const size_t call_count = sizeof(calls) / sizeof(calls[0]);

const struct call *call_find(int number)
{
	for (size_t i = 0; i < call_count; i++)
		if (calls[i].number == number)
			return &calls[i];
	return NULL;
}
