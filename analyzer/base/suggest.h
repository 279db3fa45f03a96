/* SPDX-License-Identifier: Apache-2.0 */
/*
 * suggest.h - finds the word that a mistyped one was probably meant to be.
 */
#ifndef BASE_SUGGEST_H
#define BASE_SUGGEST_H

#include <stddef.h>

struct suggestion {
	const char *typed;
	const char *word;  /* the nearest one offered so far; NULL = none is near enough */
	size_t edit_count; /* edits between the two */
};

void suggest_begin(struct suggestion *suggestion, const char *typed);
void suggest_offer(struct suggestion *suggestion, const char *word);

/**
 * suggest_distance() - letters to insert, drop, replace or swap with their neighbour to get from a to b.
 *
 * Words of more than 63 bytes are as far apart as they are long.
 */
size_t suggest_distance(const char *a, const char *b);

#endif
