/* SPDX-License-Identifier: Apache-2.0 */
/*
 * checksum.c - CRC-32C by the machine's instruction, else with eight tables: one look-up per byte, but all
 * eight of a step at once.
 */
#include "base/checksum.h"

#include <string.h>

#include "memtrace/crc32c.h"

/* tables[k][b]: what byte b contributes when k more bytes follow it in the step. */
static uint32_t tables[8][256];

static void fill_tables(void)
{
	for (uint32_t byte = 0; byte < 256; byte++) {
		uint32_t crc = byte;

		for (int bit = 0; bit < 8; bit++)
			crc = (crc & 1) != 0 ? crc >> 1 ^ 0x82f63b78u : crc >> 1;
		tables[0][byte] = crc;
	}
	for (int k = 1; k < 8; k++) {
		for (uint32_t byte = 0; byte < 256; byte++) {
			uint32_t crc = tables[k - 1][byte];

			tables[k][byte] = crc >> 8 ^ tables[0][crc & 0xff];
		}
	}
}

uint32_t checksum_crc32c(uint32_t crc, const void *data, size_t bytes)
{
	const unsigned char *at = data;

	if (mt_crc32c_has_words())
		return mt_crc32c(crc, data, bytes);
	if (tables[0][1] == 0)
		fill_tables();
	crc = ~crc;
	for (; bytes >= 8; at += 8, bytes -= 8) {
		uint64_t word;

		memcpy(&word, at, sizeof(word)); /* little-endian, as the whole format is */
		word ^= crc;
		crc = 0;
		for (int k = 0; k < 8; k++)
			crc ^= tables[7 - k][word >> (8 * k) & 0xff];
	}
	return mt_crc32c(~crc, at, bytes);
}
