/* SPDX-License-Identifier: Apache-2.0 */
/*
 * process_state.h - whether the process that a trace file tells of is still there.
 */
#ifndef MODEL_PROCESS_STATE_H
#define MODEL_PROCESS_STATE_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

/**
 * process_task() - the number by which the system tells of the memory of a process: its own, or that of
 * another of its threads where the first one has ended (pthread_exit() in main) and has no memory any more.
 */
pid_t process_task(pid_t pid);

/**
 * process_start_ticks() - field 22 of /proc/PID/stat: tells a process from a later one of the same number.
 *
 * Return: clock ticks since boot, 0 if there is no such process (or only a dead one not waited
 * for).
 */
uint64_t process_start_ticks(pid_t pid);

/**
 * process_maps_inode() - whether a process has this file mapped.
 *
 * The device is not compared: overlayfs and btrfs show another one in the maps than stat() does.
 *
 * Return: 1 yes, 0 no, a negative errno where its maps may not be read.
 */
int process_maps_inode(pid_t pid, ino_t inode);

/**
 * process_rss() - resident set of a process and its anonymous part, in bytes.
 *
 * Return: 0; -ENODATA or another negative errno where it cannot be read: then both are 0.
 */
int process_rss(pid_t pid, uint64_t *rss_bytes, uint64_t *rss_anon_bytes);

#endif
