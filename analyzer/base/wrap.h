/* SPDX-License-Identifier: Apache-2.0 */
/*
 * wrap.h - sums of figures from files of strangers: what does not fit wraps around, and nothing is
 * undefined.
 */
#ifndef BASE_WRAP_H
#define BASE_WRAP_H

#include <stdint.h>

static inline int64_t wrap_add(int64_t a, int64_t b)
{
	return (int64_t)((uint64_t)a + (uint64_t)b);
}

static inline int64_t wrap_subtract(int64_t a, int64_t b)
{
	return (int64_t)((uint64_t)a - (uint64_t)b);
}

#endif
