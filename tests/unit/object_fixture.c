/* SPDX-License-Identifier: Apache-2.0 */
/*
 * object_fixture.c - builds objects with the compiler and reads them with nm and readelf, which are no part
 * of what is tested.
 */
#define _GNU_SOURCE 1
#include "object_fixture.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "unit.h"

void object_fixture_init(struct object_fixture *fixture)
{
	*fixture = (struct object_fixture){.folder = "/tmp/memtrace-unit-XXXXXX"};
	ck_assert_ptr_nonnull(mkdtemp(fixture->folder));
	setenv("S", OBJECT_SOURCES, 1);
}

void object_fixture_fini(struct object_fixture *fixture)
{
	symbolizer_free(fixture->symbolizer);
	object_run(fixture, "rm -rf -- \"%s\"", fixture->folder);
}

void object_run(const struct object_fixture *fixture, const char *format, ...)
{
	char *line, *command;
	va_list arguments;

	va_start(arguments, format);
	ck_assert_int_gt(vasprintf(&line, format, arguments), 0);
	va_end(arguments);
	ck_assert_int_gt(asprintf(&command, "cd %s && { %s; } >&2", fixture->folder, line), 0);
	ck_assert_msg(system(command) == 0, "%s", command);
	free(command);
	free(line);
}

bool object_has_tool(const char *name)
{
	char command[128];

	snprintf(command, sizeof(command), "command -v %s >/dev/null 2>&1", name);
	return system(command) == 0;
}

const char *object_path(const struct object_fixture *fixture, const char *name)
{
	static char paths[4][256];
	static size_t next;
	char *path = paths[next++ % 4];

	snprintf(path, sizeof(paths[0]), "%s/%s", fixture->folder, name);
	return path;
}

/* First line that a command prints, without its end. */
static void command_read(char *text, size_t bytes, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

static void command_read(char *text, size_t bytes, const char *format, ...)
{
	char command[1024];
	va_list arguments;
	FILE *pipe;

	va_start(arguments, format);
	vsnprintf(command, sizeof(command), format, arguments);
	va_end(arguments);
	pipe = popen(command, "r");
	ck_assert_ptr_nonnull(pipe);
	if (!fgets(text, (int)bytes, pipe))
		text[0] = '\0';
	pclose(pipe);
	text[strcspn(text, "\n")] = '\0';
}

uint64_t object_address(const struct object_fixture *fixture, const char *object,
			const char *symbol)
{
	char text[64];

	command_read(text, sizeof(text), "nm %s | awk '$3 == \"%s\" { print $1 }'",
		     object_path(fixture, object), symbol);
	ck_assert_msg(*text, "%s has no symbol %s", object, symbol);
	return strtoull(text, NULL, 16);
}

uint32_t object_line(const char *source, const char *words)
{
	char text[64];

	command_read(text, sizeof(text), "grep -n 'line: %s' %s/%s | cut -d: -f1", words,
		     OBJECT_SOURCES, source);
	ck_assert_msg(*text, "%s has no line '%s'", source, words);
	return (uint32_t)strtoul(text, NULL, 10);
}

struct module object_module(const struct object_fixture *fixture, const char *object,
			    bool has_build_id)
{
	struct module module = {.path = object_path(fixture, object), .generation = 1};
	char text[128];

	if (!has_build_id)
		return module;
	command_read(text, sizeof(text), "readelf -nW %s | sed -n 's/.*Build ID: //p'",
		     module.path);
	for (const char *p = text; p[0] && p[1]; p += 2) {
		unsigned int byte;

		ck_assert_int_eq(sscanf(p, "%2x", &byte), 1);
		module.build_id[module.build_id_bytes++] = (uint8_t)byte;
	}
	ck_assert_uint_gt(module.build_id_bytes, 0);
	return module;
}

struct frame_list object_frames(struct object_fixture *fixture, struct module module,
				uint64_t address)
{
	struct module modules[2] = {{.path = ""}, module};
	struct location locations[2] = {
		{.kind = LOCATION_CODE},
		{.kind = LOCATION_CODE, .module = 1, .offset = address},
	};
	struct snapshot snapshot = {
		.modules = modules,
		.module_count = 2,
		.locations = locations,
		.location_count = 2,
		.header.start_realtime_ns = fixture->start_realtime_ns,
	};
	struct error error = {""};

	if (!fixture->symbolizer)
		ck_assert_msg(symbolizer_new(&fixture->options, &fixture->symbolizer, &error) == 0,
			      "%s", error.text);
	return symbolize_location(fixture->symbolizer, &snapshot, 1);
}

const char *object_function(struct object_fixture *fixture, struct module module, uint64_t address)
{
	struct frame_list list = object_frames(fixture, module, address);

	ck_assert_uint_ge(list.count, 1);
	return list.frames[list.count - 1].function;
}

void object_ck_warned(const struct object_fixture *fixture, const char *words)
{
	const char *const *warnings = symbolizer_warnings(fixture->symbolizer);

	ck_assert_ptr_nonnull(warnings[0]);
	ck_assert_msg(strstr(warnings[0], words) != NULL, "'%s' is not in '%s'", words,
		      warnings[0]);
	ck_assert_ptr_null(warnings[1]);
}
