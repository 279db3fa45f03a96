/* SPDX-License-Identifier: Apache-2.0 */
/*
 * invalid.h - the frees and reallocs of what was no live block, with the stacks that explain them.
 */
#ifndef RENDER_INVALID_H
#define RENDER_INVALID_H

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "model/snapshot.h"
#include "model/stack.h"

struct invalid_view {
	const struct snapshot *const *snapshots;
	size_t snapshot_count;
	struct stack_reader *reader;
	size_t depth; /* frames shown of a stack; 0 = all */
};

/**
 * invalid_total() - such calls in all files.
 */
int64_t invalid_total(const struct invalid_view *view);

/**
 * invalid_reporting() - of all files, the least that is known.
 */
enum mt_invalid_reporting invalid_reporting(const struct invalid_view *view);

/* What JSON calls them. */
const char *invalid_kind_word(enum mt_invalid_kind kind);
const char *invalid_call_word(enum mt_invalid_call call);

/* Bytes of the block before the address, where it is inside one; else 0. */
static inline uint64_t invalid_offset(const struct invalid_call *call)
{
	return call->block_address != 0 ? call->address - call->block_address : 0;
}

/**
 * invalid_print_text() / invalid_print_json() - one paragraph or object for each record.
 *
 * Return: 0 or -ENOMEM; what the stream itself could not take is told by ferror().
 */
int invalid_print_text(const struct invalid_view *view, FILE *out);
int invalid_print_json(const struct invalid_view *view, FILE *out);

#endif
