/* SPDX-License-Identifier: Apache-2.0 */
/*
 * self_snapshot.h - the process writes a snapshot of itself.
 *
 * Layer 3. Made as the trace file is made: created, sized, reserved and mapped, never by write(2), and put
 * under its name when it is whole.
 */
#ifndef PRELOAD_SELF_SNAPSHOT_H
#define PRELOAD_SELF_SNAPSHOT_H

#include <stdint.h>

/* Path of the trace file: numbered snapshots are named after it. Kept by reference. */
void self_snapshot_init(const char *trace_path);

/**
 * self_snapshot() - write a snapshot now.
 * @path: file to make, which must not exist; NULL = the next number beside the trace file.
 * @label: NULL = none.
 *
 * Return: 0 or a negative errno; failures are counted as well.
 * Context: one thread at a time; not a signal handler.
 */
int self_snapshot(const char *path, const char *label, uint64_t now_ns);

/*
 * One of a series that is thinned: when more than keep exist, every second one is removed and only every
 * second one is made from then on.
 */
void self_snapshot_periodic(uint64_t now_ns, uint32_t keep);

#endif
