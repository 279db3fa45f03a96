/* SPDX-License-Identifier: Apache-2.0 */
/*
 * script.h - which program a script's first line starts, seen through env(1).
 */
#ifndef MODEL_SCRIPT_H
#define MODEL_SCRIPT_H

#include <stddef.h>

#define SCRIPT_LINE_MAX 256 /* the kernel reads no more of a file than this */

struct script {
	char interpreter[SCRIPT_LINE_MAX]; /* path behind "#!" */
	char through_env
		[SCRIPT_LINE_MAX]; /* program that the interpreter, being env, will start; else "" */
};

/**
 * script_parse() - read the first line of a file.
 * @text: the first bytes of the file, not NUL-terminated; bytes: how many, at most SCRIPT_LINE_MAX count.
 *
 * Return: 0; -ENOEXEC no "#!" in front; -EBADMSG nothing usable behind it.
 */
int script_parse(const char *text, size_t bytes, struct script *out);

#endif
