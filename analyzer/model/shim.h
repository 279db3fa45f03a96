/* SPDX-License-Identifier: Apache-2.0 */
/*
 * shim.h - finds what has to be preloaded: the shim beside this program, and allocators by name.
 */
#ifndef MODEL_SHIM_H
#define MODEL_SHIM_H

#include <limits.h>
#include <stdbool.h>

#include "base/error.h"

/**
 * shim_find() - absolute path of libmemtrace.so, in the build tree or where both were installed.
 * @path: PATH_MAX bytes.
 *
 * Return: 0; -ENOENT not found; -EINVAL its path cannot stand in LD_PRELOAD.
 */
int shim_find(char *path, struct error *error);

/**
 * shim_find_allocator() - the library of an allocator: jemalloc, tcmalloc, mimalloc, or a path.
 * @path: PATH_MAX bytes.
 *
 * Return: 0; -ENOENT not installed; -EINVAL an unknown name, or a path that cannot stand in LD_PRELOAD.
 */
int shim_find_allocator(const char *name, char *path, struct error *error);

/**
 * shim_puts_cxx_first() - whether libstdc++ is to stand in front of an allocator.
 * @allocator: its path.
 * @program: path of what is to be run.
 *
 * Allocators bring an operator new that does not come by malloc; that of libstdc++ does. Only where one of the two
 * loads it in any case.
 */
bool shim_puts_cxx_first(const char *allocator, const char *program);

#endif
