/* SPDX-License-Identifier: Apache-2.0 */
/*
 * group.h - the keys by which sites are put together into rows, and which of them are equal across
 * snapshots.
 *
 * Code is known again by build ID and offset, wherever it was loaded; that of a module that was
 * rebuilt (group_rules.h) by function and file. What no symbol covers stays apart by module and
 * offset.
 */
#ifndef MODEL_GROUP_H
#define MODEL_GROUP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/digest.h"
#include "base/error.h"
#include "model/group_rules.h"
#include "model/snapshot.h"
#include "model/stack.h"

enum group_by {
	GROUP_SITE,
	GROUP_FUNCTION,
	GROUP_LINE,
	GROUP_FILE,
	GROUP_MODULE,
	GROUP_THREAD,
	GROUP_COUNT,
};

/**
 * group_name() - "site", "function" ...; @count 1 gives the singular, everything else the plural.
 */
const char *group_name(enum group_by by, uint64_t count);

/**
 * group_find() - the kind that a user means; a unique prefix is enough.
 *
 * Return: 0 or -EINVAL.
 */
int group_find(const char *text, enum group_by *by, struct error *error);

/**
 * group_site_keys() - the key of every site of a snapshot.
 * @out: set on success to site_count digests; free with group_site_keys_free(). The kind of thread is
 *       no part of a key.
 *
 * Return: 0 or -ENOMEM.
 */
int group_site_keys(const struct group_rules *rules, struct stack_reader *reader,
		    const struct snapshot *snapshot, struct digest **out);
void group_site_keys_free(struct digest *keys, const struct snapshot *snapshot);

/**
 * group_frame_key() - the key of a frame by function, line, file or module.
 */
struct digest group_frame_key(const struct group_rules *rules, enum group_by by,
			      const struct frame *frame);

#endif
