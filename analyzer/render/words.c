/* SPDX-License-Identifier: Apache-2.0 */
/*
 * words.c - what kinds and states are called.
 */
#include "render/words.h"

struct word word_of_kind(const struct snapshot *snapshot)
{
	static const struct word trace = {"trace", "trace file"},
				 squeezed = {"snapshot", "snapshot"};

	return snapshot->header.kind == MT_KIND_SNAPSHOT ? squeezed : trace;
}

struct word word_of_state(enum snapshot_state state)
{
	static const struct word words[] = {
		[SNAPSHOT_RUNNING] = {"running", "running"},
		[SNAPSHOT_EXITED] = {"exited", "exited"},
		[SNAPSHOT_EXECED] = {"execed", "replaced by exec"},
		[SNAPSHOT_KILLED] = {"killed", "killed"},
	};

	return words[state];
}
