/* SPDX-License-Identifier: Apache-2.0 */
/*
 * info_verify.h - `memtrace info --verify`: the tracer's own books compared.
 */
#ifndef CMD_INFO_VERIFY_H
#define CMD_INFO_VERIFY_H

#include <stdbool.h>
#include <sys/types.h>

/**
 * info_verify() - compare the call stacks of a running process with its table of live blocks, and say so.
 *
 * Return: exit code; CMD_FAILED when they differ.
 */
int info_verify(pid_t pid, bool is_json);

#endif
