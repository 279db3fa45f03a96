/* SPDX-License-Identifier: Apache-2.0 */
/*
 * library_path.h - which file the loader will take for a library, without loading anything.
 */
#ifndef DOCTOR_LIBRARY_PATH_H
#define DOCTOR_LIBRARY_PATH_H

#include <limits.h>
#include <stdbool.h>
#include <stddef.h>

#include "doctor/files.h"

/**
 * library_path_find() - by the rules of ld.so(8): RPATH of the asker and of those that asked for it,
 * LD_LIBRARY_PATH, RUNPATH, the cache of ldconfig, the default folders. Files for other machines are passed over, as
 * are folders for special processors (glibc-hwcaps).
 * @asker: the file with the DT_NEEDED entry.
 * @path: PATH_MAX bytes.
 */
bool library_path_find(const struct doctor_files *files, size_t asker, const char *name,
		       char *path);

#endif
