/* SPDX-License-Identifier: Apache-2.0 */
/*
 * live_read.h - reads the table of live blocks in a traced process's memory while the process runs.
 */
#ifndef MODEL_LIVE_READ_H
#define MODEL_LIVE_READ_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/error.h"

struct live_sum {
	int64_t block_count;
	int64_t bytes; /* requested */
};

/**
 * live_read() - sum the blocks by site.
 * @root: mt_process.live_root.
 * @sample_bytes: of the process: blocks count with their weight, see memtrace/sampling.h.
 * @sums: by index into the trace file's SITES.
 * @site_count: of sums. Blocks of later sites are not summed.
 *
 * A part of the table that is replaced while it is read is read again. Blocks that come and go meanwhile may
 * be seen or not.
 *
 * Return: 0; -EAGAIN or -ESTALE the table changed too often; -ENOTSUP of another version; -EPERM a right is missing.
 */
int live_read(pid_t pid, uint64_t root, uint64_t sample_bytes, struct live_sum *sums,
	      size_t site_count, struct error *error);

#endif
