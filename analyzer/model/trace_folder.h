/* SPDX-License-Identifier: Apache-2.0 */
/*
 * trace_folder.h - the trace files and snapshots that lie in a folder, told by what is in them.
 */
#ifndef MODEL_TRACE_FOLDER_H
#define MODEL_TRACE_FOLDER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "memtrace/format.h"

struct trace_entry {
	char *path; /* folder/name */
	struct mt_header
		header; /* magic, byte order and major version are ours; the rest is unchecked */
};

struct trace_folder {
	struct trace_entry *entries; /* by name */
	size_t count;
};

/**
 * trace_folder_read() - look at the first bytes of every regular file of a folder.
 * @recurse: also into the folders beside a file that hold its children: NAME.snap.d
 * @since_ns: pass over files that nobody has touched since this moment (since 1970); 0 = none.
 * @out: free with trace_folder_free().
 *
 * Files that are not ours, that vanish meanwhile or may not be read are passed over.
 *
 * Return: 0; a negative errno when the folder itself cannot be read.
 */
int trace_folder_read(const char *folder, bool recurse, uint64_t since_ns, struct trace_folder *out,
		      struct error *error);
void trace_folder_free(struct trace_folder *folder);

#endif
