/* SPDX-License-Identifier: Apache-2.0 */
/*
 * crc32c.h - CRC-32C (Castagnoli, RFC 3720 appendix B.4: reflected polynomial 0x82f63b78).
 *
 * Header-only because the shim and the analyzer both write snapshots and neither may include the other.
 * Pure function of its arguments: safe in any thread and in a signal handler.
 */
#ifndef MEMTRACE_CRC32C_H
#define MEMTRACE_CRC32C_H

#include <stddef.h>
#include <stdint.h>
#include <string.h>

/*
 * mt_crc32c_has_words() - whether this machine has an instruction for it. Asks once: where the machine is a
 * virtual one the answer costs microseconds.
 *
 * mt_crc32c_words() - the inverted checksum of whole words of eight bytes by that instruction.
 */
#if defined(__x86_64__)

#include <cpuid.h>

static inline int mt_crc32c_has_words(void)
{
	static int known; /* 0 = not asked yet, 1 = no, 2 = yes; threads that ask at once agree */
	int answer = __atomic_load_n(&known, __ATOMIC_RELAXED);
	unsigned int a, b, c = 0, d;

	if (answer == 0) {
		answer = __get_cpuid(1, &a, &b, &c, &d) != 0 && (c & bit_SSE4_2) != 0 ? 2 : 1;
		__atomic_store_n(&known, answer, __ATOMIC_RELAXED);
	}
	return answer == 2;
}

__attribute__((target("sse4.2"))) static inline uint32_t
mt_crc32c_words(uint32_t inverted, const unsigned char *data, size_t words)
{
	uint64_t crc = inverted, word;

	for (; words > 0; words--, data += sizeof(word)) {
		memcpy(&word, data, sizeof(word));
		crc = __builtin_ia32_crc32di(crc, word);
	}
	return (uint32_t)crc;
}

#else

static inline int mt_crc32c_has_words(void)
{
	return 0;
}

static inline uint32_t mt_crc32c_words(uint32_t inverted, const unsigned char *data, size_t words)
{
	(void)data;
	(void)words;
	return inverted;
}

#endif

/**
 * mt_crc32c() - checksum of some bytes, or of more bytes behind earlier ones.
 * @crc: 0, or the result for the bytes before these.
 * @data: the bytes.
 * @bytes: how many.
 *
 * Return: the checksum; 0xe3069283 for the nine bytes "123456789".
 */
static inline uint32_t mt_crc32c(uint32_t crc, const void *data, size_t bytes)
{
	/* remainders of all 4-bit values: one cache line instead of the usual 1 KiB */
	static const uint32_t nibble[16] = {
		0x00000000, 0x105ec76f, 0x20bd8ede, 0x30e349b1, 0x417b1dbc, 0x5125dad3,
		0x61c69362, 0x7198540d, 0x82f63b78, 0x92a8fc17, 0xa24bb5a6, 0xb21572c9,
		0xc38d26c4, 0xd3d3e1ab, 0xe330a81a, 0xf36e6f75,
	};
	const unsigned char *p = data;

	crc = ~crc;
	if (bytes >= 64 && mt_crc32c_has_words()) {
		crc = mt_crc32c_words(crc, p, bytes / 8);
		p += bytes / 8 * 8;
		bytes %= 8;
	}
	while (bytes-- > 0) {
		crc ^= *p++;
		crc = nibble[crc & 15] ^ crc >> 4;
		crc = nibble[crc & 15] ^ crc >> 4;
	}
	return ~crc;
}

#endif
