/* SPDX-License-Identifier: Apache-2.0 */
/*
 * process_memory.c - copies memory of another process.
 */
#define _GNU_SOURCE 1 /* process_vm_readv() */
#include "model/process_memory.h"

#include <errno.h>
#include <sys/uio.h>

int process_memory_read(pid_t pid, uint64_t address, void *to, size_t bytes)
{
	unsigned char *at = to;

	while (bytes > 0) {
		struct iovec local = {.iov_base = at, .iov_len = bytes};
		struct iovec remote = {.iov_base = (void *)(uintptr_t)address, .iov_len = bytes};
		ssize_t got = process_vm_readv(pid, &local, 1, &remote, 1, 0);

		if (got <= 0)
			return got < 0 ? -errno : -EFAULT;
		at += got;
		address += (uint64_t)got;
		bytes -= (size_t)got;
	}
	return 0;
}
