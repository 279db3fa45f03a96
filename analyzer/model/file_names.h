/* SPDX-License-Identifier: Apache-2.0 */
/*
 * file_names.h - the shortest ends of source paths that still tell files apart.
 *
 * A program that was built again in another folder has the same files under other paths.
 * /a/src/net/util.c and /a/src/db/util.c are called net/util.c and db/util.c, whatever folder src
 * is in.
 */
#ifndef MODEL_FILE_NAMES_H
#define MODEL_FILE_NAMES_H

#include <stddef.h>

#include "base/digest_map.h"

/* All zero is empty: then every file is called by its last component. */
struct file_names {
	struct digest_map depths; /* last component -> components needed, where more than one */
};

/**
 * file_names_add() - learn the files of one build.
 * @paths: all of them; sorted by the call, and not kept.
 *
 * Names are long enough for each of the builds that were added.
 *
 * Return: 0 or -ENOMEM.
 */
int file_names_add(struct file_names *names, const char **paths, size_t count);
void file_names_fini(struct file_names *names);

/**
 * file_names_short() - the end of a path that files are told apart by; points into it.
 */
const char *file_names_short(const struct file_names *names, const char *path);

#endif
