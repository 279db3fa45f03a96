/* SPDX-License-Identifier: Apache-2.0 */
/*
 * run_settings.c - the options of `run` that become variables of the program's environment.
 */
#include "cmd/run_settings.h"

#include <ctype.h>
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "memtrace/env.h"
#include "memtrace/sampling.h"
#include "model/elf_program.h"
#include "model/output_folder.h"

enum {
	SET_OUTPUT = 1,
	SET_LIVE,
	SET_DEPTH,
	SET_UNWINDER,
	SET_SAMPLE,
	SET_EVERY,
	SET_KEEP,
	SET_AT,
	SET_SIGNAL,
	SET_STOPPED,
	SET_NO_FOLLOW,
	SET_COMMAND_LINE,
	SET_INVALID,
	SET_COUNT
};

const struct option_row run_settings_rows[RUN_SETTINGS_ROWS] = {
	{SET_OUTPUT, "output", 'o', "PATH", "folder or file name: %e %p %h %t %n; default: here"},
	{SET_LIVE, "live", 0, "DIR", "keep the trace file there instead, such as in /dev/shm"},
	{SET_DEPTH, "depth", 0, "N", "frames kept of one call stack, 1 to 4096 (default)"},
	{SET_UNWINDER, "unwinder", 0, "NAME", "cfi (default) or libunwind"},
	{SET_SAMPLE, "sample", 0, "SIZE",
	 "record one block in so many bytes, as 512K; estimate the rest"},
	{SET_EVERY, "snapshot-every", 0, "TIME", "numbered snapshots: 30s, 5m, 1h"},
	{SET_KEEP, "snapshot-keep", 0, "N", "how many of those are kept, thinned by halving (100)"},
	{SET_AT, "snapshot-at", 0, "WHEN",
	 "snapshots at live>2G, grow:256M, peak; comma-separated"},
	{SET_SIGNAL, "snapshot-signal", 0, "SIGNAL",
	 "a snapshot at each such signal: USR1, USR2, ..."},
	{SET_STOPPED, "stopped", 0, NULL, "record nothing until told to start"},
	{SET_NO_FOLLOW, "no-follow", 0, NULL, "do not trace forked and executed children"},
	{SET_COMMAND_LINE, "cmdline", 0, NULL, "store the command line in the file"},
	{SET_INVALID, "report-invalid", 0, NULL, "keep the stacks of invalid frees; see invalid"},
};

/* ---- checks of values: 0 or -EINVAL ---- */

static int check_number(const char *value, unsigned long low, unsigned long high)
{
	unsigned long number;
	char *end;

	if (!isdigit((unsigned char)value[0]))
		return -EINVAL;
	errno = 0;
	number = strtoul(value, &end, 10);
	return errno == 0 && *end == '\0' && number >= low && number <= high ? 0 : -EINVAL;
}

static int check_depth(const char *value)
{
	return check_number(value, 1, 4096);
}

static int check_keep(const char *value)
{
	return check_number(value, 2, 100000);
}

static int check_unwinder(const char *value)
{
	return strcmp(value, "cfi") == 0 || strcmp(value, "libunwind") == 0 ? 0 : -EINVAL;
}

/* Units as the shim reads them. */
struct unit {
	char letter; /* 0 = none */
	uint64_t factor;
};

static const struct unit units_of_bytes[] = {
	{'\0', 1},
	{'k', UINT64_C(1) << 10},
	{'K', UINT64_C(1) << 10},
	{'m', UINT64_C(1) << 20},
	{'M', UINT64_C(1) << 20},
	{'g', UINT64_C(1) << 30},
	{'G', UINT64_C(1) << 30},
	{'t', UINT64_C(1) << 40},
	{'T', UINT64_C(1) << 40},
};

static const struct unit units_of_time[] = {
	{'s', UINT64_C(1000000000)},
	{'m', UINT64_C(60000000000)},
	{'h', UINT64_C(3600000000000)},
	{'d', UINT64_C(86400000000000)},
};

#define UNIT_COUNT(units) (sizeof(units) / sizeof((units)[0]))

/* A whole number and the letter of a unit, between the limits. */
static int check_amount(const char *text, const struct unit *units, size_t unit_count, uint64_t low,
			uint64_t high)
{
	uint64_t amount;
	char *end;

	if (!isdigit((unsigned char)text[0]))
		return -EINVAL;
	errno = 0;
	amount = strtoull(text, &end, 10);
	if (errno != 0 || (*end != '\0' && end[1] != '\0'))
		return -EINVAL;
	for (size_t i = 0; i < unit_count; i++)
		if (units[i].letter == *end)
			return !__builtin_mul_overflow(amount, units[i].factor, &amount) &&
					       amount >= low && amount <= high
				       ? 0
				       : -EINVAL;
	return -EINVAL;
}

/* 0 = everything is recorded. */
static int check_sample(const char *value)
{
	return check_amount(value, units_of_bytes, UNIT_COUNT(units_of_bytes), 0,
			    MT_SAMPLE_BYTES_MAX);
}

static int check_span(const char *value)
{
	return check_amount(value, units_of_time, UNIT_COUNT(units_of_time), 1, UINT64_MAX);
}

static int check_moment(const char *text)
{
	static const char *const prefixes[] = {"live>", "grow:"};

	if (strcmp(text, "peak") == 0)
		return 0;
	for (size_t i = 0; i < sizeof(prefixes) / sizeof(prefixes[0]); i++) {
		size_t length = strlen(prefixes[i]);

		if (strncmp(text, prefixes[i], length) == 0)
			return check_amount(text + length, units_of_bytes,
					    UNIT_COUNT(units_of_bytes), 1, UINT64_MAX);
	}
	return -EINVAL;
}

static int check_moments(const char *value)
{
	char item[32];

	for (size_t i = 0; i < MT_SNAPSHOT_AT_MAX; i++) {
		size_t length = strcspn(value, ",");

		if (length >= sizeof(item))
			return -EINVAL;
		(void)memcpy(item, value, length);
		item[length] = '\0';
		if (check_moment(item) != 0)
			return -EINVAL;
		if (value[length] == '\0')
			return 0;
		value += length + 1;
	}
	return -EINVAL;
}

static int check_signal(const char *value)
{
	static const char *const names[] = {"HUP", "USR1", "USR2", "WINCH", "URG",
					    "PWR", "PROF", "IO",   "TTIN",  "TTOU"};

	if (check_number(value, 1, 64) == 0)
		return atoi(value) == SIGKILL || atoi(value) == SIGSTOP ? -EINVAL : 0;
	if (strncmp(value, "SIG", 3) == 0)
		value += 3;
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (strcmp(value, names[i]) == 0)
			return 0;
	return -EINVAL;
}

static const struct setting {
	const char *variable;
	const char *fixed; /* value of an option that takes none */
	int (*check)(const char *value);
	const char *expected; /* for the message when the check fails */
} table[SET_COUNT] = {
	[SET_OUTPUT] = {MT_ENV_OUT, NULL, NULL, NULL},
	[SET_LIVE] = {MT_ENV_LIVE, NULL, NULL, NULL},
	[SET_DEPTH] = {MT_ENV_DEPTH, NULL, check_depth, "1 to 4096"},
	[SET_UNWINDER] = {MT_ENV_UNWINDER, NULL, check_unwinder, "cfi or libunwind"},
	[SET_SAMPLE] = {MT_ENV_SAMPLE, NULL, check_sample, "0 or up to 1G, as 512K"},
	[SET_EVERY] = {MT_ENV_SNAPSHOT_EVERY, NULL, check_span, "whole seconds, as 30s, 5m or 1h"},
	[SET_KEEP] = {MT_ENV_SNAPSHOT_KEEP, NULL, check_keep, "2 to 100000"},
	[SET_AT] = {MT_ENV_SNAPSHOT_AT, NULL, check_moments,
		    "live>2G, grow:256M or peak, up to 8 of them"},
	[SET_SIGNAL] = {MT_ENV_SNAPSHOT_SIGNAL, NULL, check_signal, "USR1, USR2 or a number"},
	[SET_STOPPED] = {MT_ENV_START, "off", NULL, NULL},
	[SET_NO_FOLLOW] = {MT_ENV_FOLLOW, "0", NULL, NULL},
	[SET_COMMAND_LINE] = {MT_ENV_CMDLINE, "1", NULL, NULL},
	[SET_INVALID] = {MT_ENV_REPORT_INVALID, "1", NULL, NULL},
};

void run_settings_add(struct run_settings *settings, const char *name, const char *value)
{
	size_t at = 0;

	while (at < settings->count && strcmp(settings->pairs[at].name, name) != 0)
		at++;
	if (at == RUN_SETTING_MAX)
		return;
	settings->pairs[at].name = name;
	settings->pairs[at].value = value;
	settings->count += at == settings->count;
}

static int take_path(struct run_settings *settings, int id, const char *value, struct error *error)
{
	char *kept = id == SET_OUTPUT ? settings->output : settings->live;
	int ret = output_folder_make_absolute(value, kept, error);

	if (ret == 0)
		ret = output_folder_check(kept, id == SET_LIVE, NULL, error);
	if (ret == 0)
		run_settings_add(settings, table[id].variable, kept);
	return ret;
}

int run_settings_take(struct run_settings *settings, int id, const char *value, struct error *error)
{
	const struct setting *setting = &table[id];

	if (id == SET_OUTPUT || id == SET_LIVE)
		return take_path(settings, id, value, error);
	if (setting->check != NULL && setting->check(value) != 0)
		return error_set(error, -EINVAL, "expected %s, found '%s'", setting->expected,
				 value);
	run_settings_add(settings, setting->variable,
			 setting->fixed != NULL ? setting->fixed : value);
	return 0;
}

static const char *value_of(const struct run_settings *settings, const char *name)
{
	for (size_t i = 0; i < settings->count; i++)
		if (strcmp(settings->pairs[i].name, name) == 0)
			return settings->pairs[i].value;
	return NULL;
}

bool run_settings_conflict(const struct run_settings *settings)
{
	const char *sample = value_of(settings, MT_ENV_SAMPLE);

	return sample != NULL && strtoull(sample, NULL, 10) != 0 &&
	       value_of(settings, MT_ENV_REPORT_INVALID) != NULL;
}

/* Ours first: the loader gives the first library's malloc to all, and ours forwards to the next. */
static int apply_preload(const struct run_settings *settings)
{
	const char *existing = getenv("LD_PRELOAD");
	const char *cxx = settings->puts_cxx_first ? ":" ELF_PROGRAM_CXX : "";
	size_t bytes = 2 * PATH_MAX + 4 + strlen(cxx) + (existing != NULL ? strlen(existing) : 0);
	char *list = malloc(bytes);
	int ret;

	if (list == NULL)
		return -ENOMEM;
	(void)snprintf(list, bytes, "%s%s%s%s%s%s", settings->shim, cxx,
		       settings->allocator[0] ? ":" : "", settings->allocator,
		       existing != NULL && existing[0] ? ":" : "",
		       existing != NULL ? existing : "");
	ret = setenv("LD_PRELOAD", list, 1) == 0 ? 0 : -ENOMEM;
	free(list);
	return ret;
}

int run_settings_apply(const struct run_settings *settings)
{
	for (size_t i = 0; i < settings->count; i++)
		if (setenv(settings->pairs[i].name, settings->pairs[i].value, 1) != 0)
			return -ENOMEM;
	/* a session of its own, also where this process is part of another */
	(void)unsetenv(MT_ENV_SESSION);
	return apply_preload(settings);
}
