/* SPDX-License-Identifier: Apache-2.0 */
/*
 * options.c - the MEMTRACE_* variables, read once at start. A bad value costs one message and is replaced
 * by the default.
 */
#define _GNU_SOURCE
#include "options.h"

#include <signal.h>
#include <string.h>
#include <sys/auxv.h>
#include <unistd.h>

#include "arena.h"
#include "memtrace/env.h"
#include "memtrace/format.h"
#include "memtrace/sampling.h"
#include "os.h"
#include "text.h"

#define OPTIONS_ENVIRON_MAX ((size_t)2 << 20)

struct option {
	const char *name;
	const char *expected; /* for the message */
	bool is_path;	      /* not honoured in secure execution mode */
	bool (*set)(struct options *options, const char *value);
};

static bool options_set_out(struct options *options, const char *value)
{
	if (strlen(value) >= sizeof(options->out))
		return false;
	strcpy(options->out, value);
	return true;
}

static bool options_set_live(struct options *options, const char *value)
{
	if (strlen(value) >= sizeof(options->live))
		return false;
	strcpy(options->live, value);
	return true;
}

static bool options_set_depth(struct options *options, const char *value)
{
	uint64_t depth;

	if (!text_to_number(value, &depth) || depth < 1 || depth > OPTIONS_DEPTH_MAX)
		return false;
	options->depth_max = (uint32_t)depth;
	return true;
}

static bool options_set_unwinder(struct options *options, const char *value)
{
	if (text_equal(value, "cfi"))
		options->unwinder = MT_UNWINDER_CFI;
	else if (text_equal(value, "libunwind"))
		options->unwinder = MT_UNWINDER_LIBUNWIND;
	else
		return false;
	return true;
}

static bool options_set_every(struct options *options, const char *value)
{
	uint64_t seconds, ns;

	if (!text_to_seconds(value, &seconds) || seconds == 0 ||
	    __builtin_mul_overflow(seconds, UINT64_C(1000000000), &ns))
		return false;
	options->snapshot_every_ns = ns;
	return true;
}

static bool options_set_keep(struct options *options, const char *value)
{
	uint64_t keep;

	if (!text_to_number(value, &keep) || keep < 2 || keep > 100000)
		return false;
	options->snapshot_keep = (uint32_t)keep;
	return true;
}

static bool options_parse_at(const char *item, struct snapshot_at *at)
{
	static const struct {
		const char *prefix;
		enum snapshot_at_kind kind;
	} kinds[] = {{"live>", SNAPSHOT_AT_LIVE}, {"grow:", SNAPSHOT_AT_GROW}};

	if (text_equal(item, "peak")) {
		at->kind = SNAPSHOT_AT_PEAK;
		return true;
	}
	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
		size_t length = strlen(kinds[i].prefix);

		if (strncmp(item, kinds[i].prefix, length) != 0)
			continue;
		at->kind = kinds[i].kind;
		return text_to_bytes(item + length, &at->bytes) && at->bytes > 0;
	}
	return false;
}

static bool options_set_at(struct options *options, const char *value)
{
	struct snapshot_at parsed[MT_SNAPSHOT_AT_MAX] = {{SNAPSHOT_AT_NONE, 0}};
	char item[32];
	size_t count = 0;

	while (*value != '\0') {
		size_t length = strcspn(value, ",");

		if (length >= sizeof(item) || count == MT_SNAPSHOT_AT_MAX)
			return false;
		memcpy(item, value, length);
		item[length] = '\0';
		if (!options_parse_at(item, &parsed[count++]))
			return false;
		value += length + (value[length] == ',');
	}
	memcpy(options->snapshot_at, parsed, sizeof(parsed));
	return count > 0;
}

static bool options_set_signal(struct options *options, const char *value)
{
	static const struct {
		const char *name;
		int number;
	} names[] = {{"HUP", SIGHUP},	{"USR1", SIGUSR1}, {"USR2", SIGUSR2}, {"WINCH", SIGWINCH},
		     {"URG", SIGURG},	{"PWR", SIGPWR},   {"PROF", SIGPROF}, {"IO", SIGIO},
		     {"TTIN", SIGTTIN}, {"TTOU", SIGTTOU}};
	uint64_t number;

	if (strncmp(value, "SIG", 3) == 0)
		value += 3;
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (text_equal(value, names[i].name))
			options->snapshot_signal = names[i].number;
	if (options->snapshot_signal == 0 && text_to_number(value, &number) && number > 0 &&
	    number <= 64 && number != SIGKILL && number != SIGSTOP)
		options->snapshot_signal = (int)number;
	return options->snapshot_signal != 0;
}

/* "off", "0" and "no" against "on", "1" and "yes". */
static bool options_to_bool(const char *value, bool *out)
{
	static const char *const words[2][3] = {{"0", "off", "no"}, {"1", "on", "yes"}};

	for (unsigned truth = 0; truth < 2; truth++)
		for (unsigned i = 0; i < 3; i++)
			if (text_equal(value, words[truth][i])) {
				*out = truth == 1;
				return true;
			}
	return false;
}

static bool options_set_start(struct options *options, const char *value)
{
	bool starts_on;

	if (!options_to_bool(value, &starts_on))
		return false;
	options->starts_off = !starts_on;
	return true;
}

static bool options_set_sample(struct options *options, const char *value)
{
	uint64_t bytes;

	if (!text_to_bytes(value, &bytes) || bytes > MT_SAMPLE_BYTES_MAX)
		return false;
	options->sample_bytes = bytes;
	return true;
}

static bool options_set_sample_seed(struct options *options, const char *value)
{
	options->has_sample_seed = text_to_number(value, &options->sample_seed);
	return options->has_sample_seed;
}

static bool options_set_quiet(struct options *options, const char *value)
{
	return options_to_bool(value, &options->is_quiet);
}

static bool options_set_follow(struct options *options, const char *value)
{
	return options_to_bool(value, &options->follows_children);
}

static bool options_set_rss(struct options *options, const char *value)
{
	return options_to_bool(value, &options->reads_rss);
}

static bool options_set_cmdline(struct options *options, const char *value)
{
	return options_to_bool(value, &options->stores_command_line);
}

static bool options_set_report_invalid(struct options *options, const char *value)
{
	return options_to_bool(value, &options->reports_invalid);
}

/* folder:root pid:start ticks; the folder may hold colons. */
static bool options_set_session(struct options *options, const char *value)
{
	const char *start = strrchr(value, ':');
	const char *pid = start == NULL ? NULL : memrchr(value, ':', (size_t)(start - value));
	uint64_t pid_number, ticks;
	char digits[24];
	size_t length;

	if (pid == NULL || value[0] != '/')
		return false;
	length = (size_t)(start - pid - 1);
	if (length >= sizeof(digits) || (size_t)(pid - value) >= sizeof(options->session))
		return false;
	memcpy(digits, pid + 1, length);
	digits[length] = '\0';
	if (!text_to_number(digits, &pid_number) || !text_to_number(start + 1, &ticks))
		return false;
	options->session_pid = pid_number;
	options->session_start_ticks = ticks;
	memcpy(options->session, value, (size_t)(pid - value));
	options->session[pid - value] = '\0';
	return true;
}

static const struct option options_table[] = {
	{MT_ENV_QUIET, "0 or 1", false, options_set_quiet},
	{MT_ENV_OUT, "a path", true, options_set_out},
	{MT_ENV_LIVE, "a folder", true, options_set_live},
	{MT_ENV_SESSION, "folder:pid:start", true, options_set_session},
	{MT_ENV_DEPTH, "1 to 4096", false, options_set_depth},
	{MT_ENV_UNWINDER, "cfi or libunwind", false, options_set_unwinder},
	{MT_ENV_SNAPSHOT_EVERY, "30s, 5m, 1h", false, options_set_every},
	{MT_ENV_SNAPSHOT_KEEP, "2 to 100000", false, options_set_keep},
	{MT_ENV_SNAPSHOT_AT, "live>2G, grow:256M, peak", false, options_set_at},
	{MT_ENV_SNAPSHOT_SIGNAL, "a signal's name", false, options_set_signal},
	{MT_ENV_START, "on or off", false, options_set_start},
	{MT_ENV_SAMPLE, "0 or up to 1G, as 512K", false, options_set_sample},
	{MT_ENV_SAMPLE_SEED, "a number", false, options_set_sample_seed},
	{MT_ENV_FOLLOW, "0 or 1", false, options_set_follow},
	{MT_ENV_RSS, "0 or 1", false, options_set_rss},
	{MT_ENV_CMDLINE, "0 or 1", false, options_set_cmdline},
	{MT_ENV_REPORT_INVALID, "0 or 1", false, options_set_report_invalid},
};

/* What the kernel gave this image, for calls before libc has filled in `environ`. */
static const char *options_early_environment(const char *name)
{
	static char *block;
	static long length;
	size_t name_length = strlen(name);

	if (block == NULL) {
		char *fresh = arena_alloc(OPTIONS_ENVIRON_MAX);

		if (fresh == NULL)
			return NULL;
		length = os_read_file("/proc/self/environ", fresh, OPTIONS_ENVIRON_MAX);
		block = fresh;
	}
	for (const char *p = block; p < block + length; p += strlen(p) + 1)
		if (strncmp(p, name, name_length) == 0 && p[name_length] == '=')
			return p + name_length + 1;
	return NULL;
}

const char *options_environment(const char *name)
{
	size_t length = strlen(name);

	if (environ == NULL)
		return options_early_environment(name);
	for (char **e = environ; *e != NULL; e++)
		if (strncmp(*e, name, length) == 0 && (*e)[length] == '=')
			return *e + length + 1;
	return NULL;
}

static void options_complain(struct options_complaints *complaints, const struct option *option,
			     const char *value)
{
	struct text text;

	if (complaints->count == OPTIONS_COMPLAINT_MAX)
		return;
	text_init(&text, complaints->text[complaints->count++], sizeof(complaints->text[0]));
	text_add(&text, option->name);
	text_add(&text, ": expected ");
	text_add(&text, option->expected);
	text_add(&text, ", found \"");
	text_add_shown(&text, value, strnlen(value, 32));
	text_add(&text, "\"; using the default");
}

void options_read(struct options *options, struct options_complaints *complaints)
{
	complaints->count = 0;
	options->depth_max = OPTIONS_DEPTH_MAX;
	options->unwinder = MT_UNWINDER_CFI;
	options->snapshot_keep = 100;
	options->follows_children = true;
	options->is_secure = getauxval(AT_SECURE) != 0;
	for (size_t i = 0; i < sizeof(options_table) / sizeof(options_table[0]); i++) {
		const struct option *option = &options_table[i];
		const char *value = options_environment(option->name);

		if (value == NULL || value[0] == '\0' || (option->is_path && options->is_secure))
			continue;
		if (!option->set(options, value))
			options_complain(complaints, option, value);
	}
}
