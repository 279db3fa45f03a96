/* SPDX-License-Identifier: Apache-2.0 */
/*
 * squeeze.h - writes the trace file of this process into a snapshot file.
 *
 * Layer 2.
 */
#ifndef PRELOAD_SQUEEZE_H
#define PRELOAD_SQUEEZE_H

#include <stdint.h>

/**
 * squeeze_write() - make a snapshot file of what is recorded now.
 * @path: must not exist.
 * @label: NULL = none.
 * @sequence: ordinal of the snapshot in this process.
 *
 * Return: 0 or a negative errno; nothing is left behind after a failure.
 * Context: one thread at a time. Other threads keep recording.
 */
int squeeze_write(const char *path, const char *label, uint64_t now_ns, uint32_t sequence);

#endif
