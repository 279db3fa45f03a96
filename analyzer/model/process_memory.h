/* SPDX-License-Identifier: Apache-2.0 */
/*
 * process_memory.h - copies memory of another process, which goes on running.
 */
#ifndef MODEL_PROCESS_MEMORY_H
#define MODEL_PROCESS_MEMORY_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

/**
 * process_memory_read() - all of the bytes.
 *
 * Return: 0; -ESRCH no such process; -EPERM a right is missing; -EFAULT not mapped there.
 */
int process_memory_read(pid_t pid, uint64_t address, void *to, size_t bytes);

#endif
