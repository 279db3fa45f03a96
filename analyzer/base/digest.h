/* SPDX-License-Identifier: Apache-2.0 */
/*
 * digest.h - 128 bits that stand for a key, so that stacks and names can be compared and looked up
 * as one value.
 *
 * The same content gives the same digest in every run and on every machine. Two keys that share a
 * digest would be taken for one: among a million keys that is less likely than one in 10^25. Not
 * for secrets.
 */
#ifndef BASE_DIGEST_H
#define BASE_DIGEST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

struct digest {
	uint64_t low, high;
};

static inline uint64_t digest_mix(uint64_t word)
{
	word ^= word >> 32;
	word *= UINT64_C(0xd6e8feb86659fd93);
	word ^= word >> 32;
	word *= UINT64_C(0xd6e8feb86659fd93);
	return word ^ word >> 32;
}

/**
 * digest_word() - the digest of what @digest stands for, followed by a word.
 */
static inline struct digest digest_word(struct digest digest, uint64_t word)
{
	digest.low = digest_mix(digest.low + word + UINT64_C(0x9e3779b97f4a7c15));
	digest.high = digest_mix((digest.high ^ word) + UINT64_C(0xc2b2ae3d27d4eb4f)) + digest.low;
	return digest;
}

/**
 * digest_text() - the digest of what @digest stands for, followed by a text; NULL is not "".
 */
static inline struct digest digest_text(struct digest digest, const char *text)
{
	size_t bytes, left;
	uint64_t word;

	if (!text)
		return digest_word(digest, UINT64_MAX);
	bytes = strlen(text);
	for (left = bytes; left > 0; text += sizeof(word)) {
		size_t part = left < sizeof(word) ? left : sizeof(word);

		word = 0;
		memcpy(&word, text, part);
		digest = digest_word(digest, word);
		left -= part;
	}
	return digest_word(digest, bytes);
}

static inline bool digest_equal(struct digest a, struct digest b)
{
	return a.low == b.low && a.high == b.high;
}

static inline int digest_compare(struct digest a, struct digest b)
{
	if (a.high != b.high)
		return a.high < b.high ? -1 : 1;
	return (a.low > b.low) - (a.low < b.low);
}

#endif
