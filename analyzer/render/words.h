/* SPDX-License-Identifier: Apache-2.0 */
/*
 * words.h - what kinds and states are called: in JSON by one word, in text as people say it.
 */
#ifndef RENDER_WORDS_H
#define RENDER_WORDS_H

#include "model/snapshot.h"

/* Of every JSON document; rises when an existing member changes its meaning. */
#define WORD_JSON_VERSION 1

struct word {
	const char *json;
	const char *text;
};

/**
 * word_of_kind() - of a file: trace file or snapshot.
 */
struct word word_of_kind(const struct snapshot *snapshot);

/**
 * word_of_state() - of its process: running, exited, replaced by exec, killed.
 */
struct word word_of_state(enum snapshot_state state);

/**
 * word_or_null() - what JSON has for a text that may be missing.
 */
static inline const char *word_or_null(const char *text)
{
	return text[0] != '\0' ? text : NULL;
}

#endif
