/* SPDX-License-Identifier: Apache-2.0 */
/*
 * fuzz_options_command.c - the analyzer's side: its command line, and the sizes, times, patterns and suppressions
 * that stand there and in files.
 */
#include <errno.h>
#include <stdarg.h>
#include <string.h>

#include "base/pattern.h"
#include "base/size_text.h"
#include "base/time_text.h"
#include "cmd/cmd.h"
#include "cmd/options.h"
#include "cmd/run_settings.h"
#include "cmd/view_options.h"
#include "fuzz_options.h"
#include "model/suppressions.h"

/* What is left out of this program. */
const struct renderer text_renderer, json_renderer, csv_renderer;

int stack_frames_of(struct stack_reader *reader, const struct snapshot *snapshot, uint32_t location,
		    struct frame_list *out)
{
	(void)reader;
	(void)snapshot;
	(void)location;
	(void)out;
	return -ENOSYS;
}

void stack_reader_expect(struct stack_reader *reader, const struct snapshot *snapshot)
{
	(void)reader;
	(void)snapshot;
}

static int line_count;

static const struct option_group groups[] = {
	VIEW_OPTION_GROUPS,
};

static const struct command_usage usages[] = {
	{.name = "report", .groups = groups, .group_count = sizeof(groups) / sizeof(groups[0])},
	{.name = "run",
	 .groups = (const struct option_group[]){OPTION_GROUP("Settings", run_settings_rows)},
	 .group_count = 1,
	 .stops_at_operand = true},
};

/* In place of fail.c. */
void cmd_say(const char *command, const char *format, va_list args)
{
	char text[1024];

	CHECK(command[0] != '\0' && vsnprintf(text, sizeof(text), format, args) > 0);
	line_count++;
}

void command_be_quiet(void)
{
	stderr = fopen("/dev/null", "we");
	stdout = fopen("/dev/null", "we");
	CHECK(stderr != NULL && stdout != NULL);
}

const char *command_setting(size_t option, const char *text, bool *is_option)
{
	struct run_settings settings = {.count = 0};
	const struct option_row *row = &run_settings_rows[option];
	struct error error = {""};

	*is_option = option < RUN_SETTINGS_ROWS;
	/* paths are looked at, which takes long; both sides take any */
	if (!*is_option || row->argument == NULL || strcmp(row->argument, "PATH") == 0 ||
	    strcmp(row->argument, "DIR") == 0)
		return NULL;
	if (run_settings_take(&settings, row->id, text, &error) != 0) {
		CHECK(error.text[0] != '\0' && settings.count == 0);
		return NULL;
	}
	CHECK(settings.count == 1 && settings.pairs[0].value == text);
	return settings.pairs[0].name;
}

static bool take(const struct command_usage *usage, struct view_options *view,
		 struct options *options, int id)
{
	if (usage == &usages[0])
		return view_options_take(view, options, id) == 0;
	return options->value == NULL || options->value[0] != '\0';
}

static void read_by(const struct command_usage *usage, const struct texts *texts)
{
	char *argv[sizeof(texts->list) / sizeof(texts->list[0]) + 1];
	struct view_options view;
	struct options options;
	bool goes_on = true;
	int id = 0;

	argv[0] = (char *)(uintptr_t)usage->name;
	memcpy(argv + 1, texts->list, ((size_t)texts->count + 1) * sizeof(*argv));
	CHECK(view_options_init(&view) == 0);
	line_count = 0;
	options_begin(&options, usage, texts->count + 1, argv);
	while (goes_on && (id = options_next(&options)) != 0)
		goes_on = id > 0 && take(usage, &view, &options, id);
	CHECK(line_count <= 1);
	CHECK(id >= 0 || options.exit_code == CMD_DONE || line_count == 1);
	CHECK(options.operand_count <= texts->count);
	for (int i = 0; id == 0 && i < options.operand_count; i++)
		CHECK(options.operands[i] != NULL && options.operands[i] != argv[0]);
	view_options_fini(&view);
}

/* The C library's expressions may take for ever, and whoever gives one waits for himself. */
static bool is_costly(const char *text)
{
	return strpbrk(text, "*+?{(|\\") != NULL &&
	       (strstr(text, "re:") != NULL || strchr(text, '/') != NULL);
}

void command_read(const struct texts *texts)
{
	for (int i = 0; i < texts->count; i++)
		if (is_costly(texts->list[i]))
			return;
	read_by(&usages[0], texts);
	read_by(&usages[1], texts);
}

static void read_pattern(const char *text)
{
	bool is_glob = strncmp(text, "re:", 3) != 0 && text[0] != '/';
	struct pattern *pattern = NULL;
	struct error error = {""};

	if (is_costly(text))
		return;
	if (pattern_compile(text, &pattern, &error) != 0) {
		CHECK(!is_glob && error.text[0] != '\0');
		return;
	}
	CHECK(!is_glob || pattern_match(pattern, text));
	(void)pattern_match(pattern, "operator new[](unsigned long)");
	pattern_free(pattern);
}

static void read_suppressions(const char *text)
{
	struct frame frame = {.function = text, .file = "main.c", .module = "/usr/bin/program"};
	const struct frame *frames[] = {&frame};
	const struct stack stack = {.frames = frames, .count = 1};
	struct suppressions suppressions = {0};
	struct error error = {""};

	CHECK(suppressions_parse(&suppressions, "file", text, &error) == 0 ||
	      strncmp(error.text, "file:", 5) == 0);
	for (size_t i = 0; i < suppressions.count; i++) {
		const struct suppression *one = &suppressions.list[i];

		/* it is found in the text that it is a part of */
		CHECK(one->text[0] == '^' || one->text[strlen(one->text) - 1] == '$' ||
		      pattern_match(one->pattern, text));
	}
	(void)suppressions_match(&suppressions, &stack);
	suppressions_fini(&suppressions);
}

void command_read_values(const struct texts *texts)
{
	for (int i = 0; i < texts->count; i++) {
		uint64_t number = 7;
		int result = size_text_parse(texts->list[i], &number);

		CHECK(result == 0 || number == 7);
		CHECK(number <= INT64_MAX);
		number = 7;
		result = time_text_parse_span(texts->list[i], &number);
		CHECK(result == 0 || number == 7);
		CHECK(number <= INT64_MAX);
		read_pattern(texts->list[i]);
		read_suppressions(texts->list[i]);
	}
}
