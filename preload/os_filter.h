/* SPDX-License-Identifier: Apache-2.0 */
/*
 * os_filter.h - which kinds of system calls a seccomp filter leaves to the shim.
 *
 * Layer 0. Nothing is allocated and no system call made.
 */
#ifndef PRELOAD_OS_FILTER_H
#define PRELOAD_OS_FILTER_H

#include <stddef.h>
#include <stdint.h>

struct sock_filter;
struct seccomp_data;

/*
 * What the kernel would answer to a call: SECCOMP_RET_*. SECCOMP_RET_KILL_PROCESS for a program that the kernel would
 * not take.
 */
uint32_t os_filter_answer(const struct sock_filter *code, size_t length,
			  const struct seccomp_data *call);

/* Bit by enum os_kind: the calls of this kind that the shim makes are not all let through as they are. */
uint64_t os_filter_refuses(const struct sock_filter *code, size_t length);

/* The same of strict mode, which kills whoever does more than read, write and go. */
uint64_t os_filter_strict(void);

#endif
