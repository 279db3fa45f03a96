/* SPDX-License-Identifier: Apache-2.0 */
/*
 * executable.h - finds out, before a program is started, whether the loader will preload anything into it.
 */
#ifndef MODEL_EXECUTABLE_H
#define MODEL_EXECUTABLE_H

#include <limits.h>

#include "base/error.h"

enum executable_obstacle {
	EXECUTABLE_FINE,
	EXECUTABLE_MISSING,	   /* no such file, or none of that name in PATH */
	EXECUTABLE_NOT_EXECUTABLE, /* a directory, or the right to execute is missing */
	EXECUTABLE_MALFORMED,	   /* neither a script nor a whole ELF file */
	EXECUTABLE_NO_LOADER,	   /* names a loader or an interpreter that does not exist */
	EXECUTABLE_STATIC,	   /* static or static-PIE: no loader runs */
	EXECUTABLE_OTHER_MACHINE,  /* 32-bit, or for another processor */
	EXECUTABLE_OTHER_LIBC,	   /* its loader is not glibc's */
	EXECUTABLE_PRIVILEGED,	   /* setuid, setgid or capabilities: the loader ignores preloads */
	EXECUTABLE_SANITIZED,	   /* its sanitizer runtime refuses to come second */
	EXECUTABLE_OBSTACLE_COUNT
};

/* One look at one file of the chain from a script to the program that runs in the end. */
struct executable_look {
	const char *check; /* what was looked at: "script", "machine", "linking", ... */
	const char *path;  /* at which file */
	enum executable_obstacle obstacle;
	const char *text; /* one line; of an obstacle it names the file */
};

/**
 * executable_find() - the file that a command name stands for, by the rules of execvp().
 * @path: receives the file's path, with a slash in it; PATH_MAX bytes.
 *
 * Return: EXECUTABLE_FINE, EXECUTABLE_MISSING or EXECUTABLE_NOT_EXECUTABLE; error says which file.
 */
enum executable_obstacle executable_find(const char *name, char *path, struct error *error);

/**
 * executable_check() - look into the file and, of a script, into all its interpreters.
 * @path: as from executable_find().
 * @error: one line that names the file and the reason, unless all is well.
 *
 * Return: the first obstacle.
 */
enum executable_obstacle executable_check(const char *path, struct error *error);

/**
 * executable_examine() - the same checks, but one obstacle does not end them: every look is told.
 */
void executable_examine(const char *path,
			void (*tell)(void *context, const struct executable_look *look),
			void *context);

/**
 * executable_advice() - what to do about an obstacle; NULL for EXECUTABLE_FINE.
 */
const char *executable_advice(enum executable_obstacle obstacle);

#endif
