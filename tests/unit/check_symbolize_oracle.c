/* SPDX-License-Identifier: Apache-2.0 */
/*
 * check_symbolize_oracle.c - every 16th address of this very program has the frames that another tool finds,
 * and the names of its stripped copies are names of the whole one.
 *
 * The LLVM project's tool must agree on all of them. GNU addr2line leaves out frames of some inlined calls in
 * DWARF 5 (3 of 1,000 in this program built by gcc, 42 by clang): those it gives must be ours.
 */
#define _GNU_SOURCE 1
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "object_fixture.h"
#include "unit.h"

struct oracle {
	const char *tool, *command;
	bool leaves_frames_out;
};

static const struct oracle oracles[] = {
	{"llvm-symbolizer", "llvm-symbolizer -e self --functions=linkage -i -a < list", false},
	{"llvm-symbolizer-14", "llvm-symbolizer-14 -e self --functions=linkage -i -a < list",
	 false},
	{"addr2line", "addr2line -e self -f -i -a < list", true},
};

static struct object_fixture fixture;

static void setup(void)
{
	object_fixture_init(&fixture);
	object_run(&fixture, "cp /proc/$PPID/exe self");
}

static void teardown(void)
{
	object_fixture_fini(&fixture);
}

/* Writes the addresses to look up, in hex with 0x, one a line. */
static void write_list(void)
{
	object_run(&fixture,
		   "readelf -SW self | sed 's/^ *\\[ *[0-9]*\\]//' | awk '$1 == \".text\" "
		   "{ print $3, $5 }' | { read low size; a=$((0x$low)); end=$((a + 0x$size)); "
		   "while [ $a -lt $end ]; do printf '0x%%x\\n' $a; a=$((a + 16)); done; } > list");
}

/* "/a/./b.c:12:3", "b.c:12 (discriminator 2)" -> "b.c:12"; unknown lines -> "". */
static void position_cut(char *text, bool has_column)
{
	char *slash, *colon;

	text[strcspn(text, " \n")] = '\0';
	colon = has_column ? strrchr(text, ':') : NULL;
	if (colon)
		*colon = '\0';
	slash = strrchr(text, '/');
	if (slash)
		memmove(text, slash + 1, strlen(slash));
	colon = strrchr(text, ':');
	if (!colon || atoi(colon + 1) == 0)
		text[0] = '\0';
}

/* Our frames of an address as "file:line " each, joined; "" where the innermost line is unknown. */
static void describe_ours(uint64_t address, const struct module *module, char *text, size_t bytes)
{
	struct frame_list list = object_frames(&fixture, *module, address);
	size_t length = 0;

	text[0] = '\0';
	for (size_t i = 0; i < list.count && length < bytes && list.frames[0].line > 0; i++) {
		const struct frame *frame = &list.frames[i];
		char position[512];

		snprintf(position, sizeof(position), "%s:%u", frame->file ? frame->file : "",
			 frame->line);
		position_cut(position, false);
		length += (size_t)snprintf(text + length, bytes - length, "%s ", position);
	}
}

/* The same of the oracle's next address. Returns false at the end. */
static bool describe_theirs(FILE *pipe, uint64_t *address, char *text, size_t bytes)
{
	static char pending[64];
	char function[4096], position[1024];
	size_t length = 0;
	bool has_column, is_known = true;

	text[0] = '\0';
	if (!*pending && !fgets(pending, sizeof(pending), pipe))
		return false;
	*address = strtoull(pending, NULL, 16);
	pending[0] = '\0';
	while (fgets(function, sizeof(function), pipe)) {
		if (function[0] == '\n')
			continue;
		if (strncmp(function, "0x", 2) == 0) {
			snprintf(pending, sizeof(pending), "%.60s", function);
			break;
		}
		if (!fgets(position, sizeof(position), pipe))
			break;
		has_column = strchr(position, ':') != strrchr(position, ':');
		position_cut(position, has_column);
		is_known = is_known && (length > 0 || position[0]);
		if (is_known)
			length += (size_t)snprintf(text + length, bytes - length, "%s ", position);
	}
	return true;
}

/* Whether the frames of `part` stand in `whole` in the same order, others left out. */
static bool is_part(char *part, const char *whole)
{
	char *rest = part, *frame;

	while ((frame = strsep(&rest, " ")) != NULL) {
		size_t length = strlen(frame);

		while (length > 0 && *whole &&
		       (strncmp(whole, frame, length) != 0 || whole[length] != ' '))
			whole += strcspn(whole, " ") + 1;
		if (length > 0 && !*whole)
			return false;
		whole += length > 0 ? length + 1 : 0;
	}
	return true;
}

START_TEST(frames_are_those_of_another_tool)
{
	const struct oracle *oracle = &oracles[_i];
	size_t known_count = 0;
	struct module module;
	char *command;
	uint64_t address;
	FILE *pipe;

	if (!object_has_tool(oracle->tool))
		return;
	module = object_module(&fixture, "self", false);
	write_list();
	ck_assert_int_gt(asprintf(&command, "cd %s && %s", fixture.folder, oracle->command), 0);
	pipe = popen(command, "r");
	ck_assert_ptr_nonnull(pipe);
	for (char ours[8192], theirs[8192];
	     describe_theirs(pipe, &address, theirs, sizeof(theirs));) {
		describe_ours(address, &module, ours, sizeof(ours));
		known_count += ours[0] != '\0';
		if (!oracle->leaves_frames_out || !theirs[0] || !is_part(theirs, ours))
			ck_assert_msg(strcmp(ours, theirs) == 0, "0x%llx: '%s' but '%s'",
				      (unsigned long long)address, ours, theirs);
	}
	pclose(pipe);
	free(command);
	ck_assert_uint_gt(known_count, 100);
}
END_TEST

static const char *const strip_options[] = {"--strip-debug", "--strip-unneeded", "--strip-all"};

START_TEST(stripped_copy_names_no_function_differently)
{
	struct module whole, stripped;
	size_t named_count = 0;
	char text[64], *command;
	FILE *pipe;

	object_run(&fixture, "strip %s -o stripped self", strip_options[_i]);
	whole = object_module(&fixture, "self", false);
	stripped = object_module(&fixture, "stripped", false);
	write_list();
	ck_assert_int_gt(asprintf(&command, "cat %s/list", fixture.folder), 0);
	pipe = popen(command, "r");
	ck_assert_ptr_nonnull(pipe);
	while (fgets(text, sizeof(text), pipe)) {
		uint64_t address = strtoull(text, NULL, 16);
		const char *name = object_function(&fixture, stripped, address);

		named_count += name != NULL;
		if (name)
			ck_assert_pstr_eq(name, object_function(&fixture, whole, address));
	}
	pclose(pipe);
	free(command);
	if (_i == 0)
		ck_assert_uint_gt(named_count, 100);
}
END_TEST

Suite *unit_suite(void)
{
	Suite *suite = suite_create("symbolize_oracle");
	TCase *tests = tcase_create("own addresses");

	tcase_set_timeout(tests, 120);
	tcase_add_checked_fixture(tests, setup, teardown);
	tcase_add_loop_test(tests, frames_are_those_of_another_tool, 0,
			    sizeof(oracles) / sizeof(oracles[0]));
	tcase_add_loop_test(tests, stripped_copy_names_no_function_differently, 0,
			    sizeof(strip_options) / sizeof(strip_options[0]));
	suite_add_tcase(suite, tests);
	return suite;
}
