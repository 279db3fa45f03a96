/* SPDX-License-Identifier: Apache-2.0 */
/*
 * library_path.h - which file the loader will take for a library, without loading anything.
 */
#ifndef DOCTOR_LIBRARY_PATH_H
#define DOCTOR_LIBRARY_PATH_H

#include <limits.h>
#include <stdbool.h>

/* Who asks: the file with the DT_NEEDED entry. */
struct library_asker {
	const char *path;    /* of it, for $ORIGIN */
	const char *runpath; /* its DT_RUNPATH or DT_RPATH; NULL = none */
	bool is_rpath;	     /* looked into before LD_LIBRARY_PATH instead of behind it */
};

/**
 * library_path_find() - by the rules of ld.so(8): RPATH, LD_LIBRARY_PATH, RUNPATH, the cache of ldconfig, the
 * default folders. Folders for special processors (glibc-hwcaps) are passed over.
 * @path: PATH_MAX bytes.
 */
bool library_path_find(const char *name, const struct library_asker *asker, char *path);

#endif
