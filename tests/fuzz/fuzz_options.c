/* SPDX-License-Identifier: Apache-2.0 */
/*
 * fuzz_options.c - any bytes as the shim's variables and as the analyzer's command line: they are taken or cost one
 * line, and what `run` takes for the shim the shim takes.
 *
 * Input: texts that end with NUL. A first byte below the number of variables stands for "NAME=".
 */
#define _GNU_SOURCE 1 /* asprintf() */
#include "options.h"

#include <errno.h>
#include <signal.h>
#include <stdint.h>
#include <string.h>
#include <unistd.h>

#include "arena.h"
#include "fuzz_options.h"
#include "memtrace/env.h"
#include "memtrace/format.h"
#include "memtrace/sampling.h"
#include "os.h"

static const char *const names[] = {
	MT_ENV_OUT,
	MT_ENV_LIVE,
	MT_ENV_DEPTH,
	MT_ENV_UNWINDER,
	MT_ENV_SNAPSHOT_EVERY,
	MT_ENV_SNAPSHOT_KEEP,
	MT_ENV_SNAPSHOT_AT,
	MT_ENV_SNAPSHOT_SIGNAL,
	MT_ENV_START,
	MT_ENV_QUIET,
	MT_ENV_FOLLOW,
	MT_ENV_SAMPLE,
	MT_ENV_SAMPLE_SEED,
	MT_ENV_RSS,
	MT_ENV_CMDLINE,
	MT_ENV_SESSION,
};

#define NAME_COUNT (sizeof(names) / sizeof(names[0]))

int LLVMFuzzerInitialize(int *argc, char ***argv);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t bytes);

/* In place of arena.c and os.c: the environment is always there. */
void *arena_alloc(size_t bytes)
{
	(void)bytes;
	return NULL;
}

long os_read_file(const char *path, char *text, size_t bytes)
{
	(void)path;
	(void)text;
	(void)bytes;
	return -ENOENT;
}

static bool is_text(const char *text, size_t bytes)
{
	return memchr(text, '\0', bytes) != NULL;
}

static bool is_one_line(const char *text)
{
	for (; *text != '\0'; text++)
		if ((unsigned char)*text < ' ' || *text == 0x7f)
			return false;
	return true;
}

static void check_moments(const struct options *options)
{
	bool is_over = false;

	for (size_t i = 0; i < MT_SNAPSHOT_AT_MAX; i++) {
		const struct snapshot_at *at = &options->snapshot_at[i];

		CHECK(at->kind <= SNAPSHOT_AT_PEAK && !(is_over && at->kind != SNAPSHOT_AT_NONE));
		is_over = at->kind == SNAPSHOT_AT_NONE;
		CHECK((at->kind == SNAPSHOT_AT_LIVE || at->kind == SNAPSHOT_AT_GROW) ==
		      (at->bytes > 0));
	}
}

static void check_options(const struct options *options)
{
	CHECK(options->depth_max >= 1 && options->depth_max <= OPTIONS_DEPTH_MAX);
	CHECK(options->unwinder == MT_UNWINDER_CFI || options->unwinder == MT_UNWINDER_LIBUNWIND);
	CHECK(options->snapshot_keep >= 2);
	CHECK(options->snapshot_every_ns % 1000000000u == 0);
	CHECK(options->snapshot_signal >= 0 && options->snapshot_signal <= 64);
	CHECK(options->snapshot_signal != SIGKILL && options->snapshot_signal != SIGSTOP);
	CHECK(options->sample_bytes <= MT_SAMPLE_BYTES_MAX);
	CHECK(is_text(options->out, sizeof(options->out)));
	CHECK(is_text(options->live, sizeof(options->live)));
	CHECK(is_text(options->session, sizeof(options->session)));
	CHECK(options->session[0] == '\0' || options->session[0] == '/');
	check_moments(options);
}

static void check_complaints(const struct options_complaints *complaints)
{
	CHECK(complaints->count <= OPTIONS_COMPLAINT_MAX);
	for (uint32_t i = 0; i < complaints->count; i++) {
		CHECK(is_text(complaints->text[i], sizeof(complaints->text[i])));
		CHECK(is_one_line(complaints->text[i]));
		CHECK(strncmp(complaints->text[i], "MEMTRACE_", 9) == 0);
	}
}

static void read_environment(char **environment, uint32_t complaint_max)
{
	static struct options options;
	struct options_complaints complaints;
	char **before = environ;

	memset(&options, 0, sizeof(options));
	environ = environment;
	options_read(&options, &complaints);
	environ = before;
	check_options(&options);
	check_complaints(&complaints);
	CHECK(complaints.count <= complaint_max);
}

/* As `run` would hand it on. */
static void check_setting(const char *text)
{
	bool is_option = true;

	for (size_t option = 0; is_option; option++) {
		const char *name = command_setting(option, text, &is_option);
		char *pair = NULL;

		if (name == NULL)
			continue;
		CHECK(asprintf(&pair, "%s=%s", name, text) > 0);
		read_environment((char *[]){pair, NULL}, 0);
		free(pair);
	}
}

static void add_text(struct texts *texts, char **at, const uint8_t *data, size_t bytes)
{
	texts->list[texts->count++] = *at;
	if (bytes > 0 && data[0] < NAME_COUNT) {
		*at += sprintf(*at, "%s=", names[data[0]]);
		data++;
		bytes--;
	}
	memcpy(*at, data, bytes);
	*at += bytes;
	*(*at)++ = '\0';
}

static void split(struct texts *texts, const uint8_t *data, size_t bytes)
{
	size_t texts_max = sizeof(texts->list) / sizeof(texts->list[0]) - 1;
	char *at;

	texts->count = 0;
	texts->block = at = malloc(bytes + texts_max * 32);
	CHECK(at != NULL);
	while (bytes > 0 && (size_t)texts->count < texts_max) {
		size_t length = strnlen((const char *)data, bytes);
		size_t used = length + (length < bytes);

		add_text(texts, &at, data, length);
		data += used;
		bytes -= used;
	}
	texts->list[texts->count] = NULL;
}

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
	(void)argc;
	(void)argv;
	command_be_quiet();
	return 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t bytes)
{
	struct texts texts;

	split(&texts, data, bytes);
	read_environment(texts.list, OPTIONS_COMPLAINT_MAX);
	for (int i = 0; i < texts.count; i++)
		check_setting(texts.list[i]);
	command_read_values(&texts);
	command_read(&texts);
	free(texts.block);
	return 0;
}
