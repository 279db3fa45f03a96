/* SPDX-License-Identifier: Apache-2.0 */
/*
 * run_settings.h - the options of `run` that become variables of the program's environment.
 */
#ifndef CMD_RUN_SETTINGS_H
#define CMD_RUN_SETTINGS_H

#include <limits.h>
#include <stdbool.h>
#include <stddef.h>

#include "base/error.h"
#include "cmd/options.h"

#define RUN_SETTING_MAX 24

/* Everything that is put into the environment, LD_PRELOAD apart. */
struct run_settings {
	struct {
		const char *name, *value;
	} pairs[RUN_SETTING_MAX];
	size_t count;
	char output[PATH_MAX]; /* absolute; "" = not given */
	char live[PATH_MAX];
	char shim[PATH_MAX];	  /* absolute paths to preload, in this order */
	char allocator[PATH_MAX]; /* "" = none */
	bool puts_cxx_first;	  /* libstdc++ in front of it, see shim.h */
};

/* First id that is free for options that are not settings. */
#define RUN_OPTION_FIRST_OWN 100

#define RUN_SETTINGS_ROWS 13

extern const struct option_row run_settings_rows[RUN_SETTINGS_ROWS];

/**
 * run_settings_take() - check the value of one option and keep it.
 * @id: as options_next() returned it, below RUN_OPTION_FIRST_OWN.
 *
 * Return: 0; -EINVAL, and error says what was expected.
 */
int run_settings_take(struct run_settings *settings, int id, const char *value,
		      struct error *error);

void run_settings_add(struct run_settings *settings, const char *name, const char *value);

/**
 * run_settings_conflict() - whether samples and the stacks of invalid calls are asked for together.
 */
bool run_settings_conflict(const struct run_settings *settings);

/**
 * run_settings_apply() - change the environment of this process: for the child, before it becomes the program.
 *
 * Return: 0 or -ENOMEM.
 */
int run_settings_apply(const struct run_settings *settings);

#endif
