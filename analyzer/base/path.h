/* SPDX-License-Identifier: Apache-2.0 */
/*
 * path.h - file names as text; nothing here looks at the file system.
 */
#ifndef BASE_PATH_H
#define BASE_PATH_H

/**
 * path_join() - a name in a directory, without "." and empty parts and with ".." taken back.
 * @directory: only used for a name without a leading slash; may be NULL.
 *
 * ".." after a symbolic link would lead elsewhere; compilers' names rarely have that.
 *
 * Return: to be freed; NULL when there is no memory.
 */
char *path_join(const char *directory, const char *name);

#endif
