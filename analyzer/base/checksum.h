/* SPDX-License-Identifier: Apache-2.0 */
/*
 * checksum.h - mt_crc32c() for large files: the same value, eight bytes at a step.
 */
#ifndef BASE_CHECKSUM_H
#define BASE_CHECKSUM_H

#include <stddef.h>
#include <stdint.h>

/**
 * checksum_crc32c() - as mt_crc32c(), about ten times as fast.
 *
 * Not thread-safe at the first call, which fills a table.
 */
uint32_t checksum_crc32c(uint32_t crc, const void *data, size_t bytes);

#endif
