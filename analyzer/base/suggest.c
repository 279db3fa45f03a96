/* SPDX-License-Identifier: Apache-2.0 */
/*
 * suggest.c - edit distance with swaps of neighbours counted as one edit.
 */
#include "base/suggest.h"

#include <string.h>

#define WORD_MAX 63

static size_t least(size_t a, size_t b)
{
	return a < b ? a : b;
}

size_t suggest_distance(const char *a, const char *b)
{
	size_t a_bytes = strlen(a), b_bytes = strlen(b);
	size_t d[WORD_MAX + 1][WORD_MAX + 1];

	if (a_bytes > WORD_MAX || b_bytes > WORD_MAX)
		return a_bytes > b_bytes ? a_bytes : b_bytes;
	for (size_t j = 0; j <= b_bytes; j++)
		d[0][j] = j;
	for (size_t i = 1; i <= a_bytes; i++) {
		d[i][0] = i;
		for (size_t j = 1; j <= b_bytes; j++) {
			size_t replaced = d[i - 1][j - 1] + (a[i - 1] != b[j - 1]);

			d[i][j] = least(replaced, 1 + least(d[i - 1][j], d[i][j - 1]));
			if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1])
				d[i][j] = least(d[i][j], 1 + d[i - 2][j - 2]);
		}
	}
	return d[a_bytes][b_bytes];
}

/* More than a third of the letters wrong is another word, not a slip. */
void suggest_begin(struct suggestion *suggestion, const char *typed)
{
	suggestion->typed = typed;
	suggestion->word = NULL;
	suggestion->edit_count = 2 + strlen(typed) / 3;
}

void suggest_offer(struct suggestion *suggestion, const char *word)
{
	size_t typed_bytes = strlen(suggestion->typed);
	size_t edit_count = suggest_distance(suggestion->typed, word);

	if (typed_bytes > 1 && strncmp(word, suggestion->typed, typed_bytes) == 0)
		edit_count = 1;
	if (edit_count >= suggestion->edit_count)
		return;
	suggestion->word = word;
	suggestion->edit_count = edit_count;
}
