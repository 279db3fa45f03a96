/* SPDX-License-Identifier: Apache-2.0 */
/*
 * check_symbolize_files.c - module and debug files are found where they may lie and are used only if they are
 * the right ones.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "model/symbolize_elf.h"
#include "object_fixture.h"
#include "unit.h"

static struct object_fixture fixture;
static uint64_t place; /* an address in an inlined call in lib.so */

static void setup(void)
{
	object_fixture_init(&fixture);
	object_run(&fixture,
		   "gcc -O2 -g -fPIC -shared -o lib.so $S/inlined.c && cp lib.so whole.so");
	place = object_address(&fixture, "whole.so", "place_inner");
}

static void teardown(void)
{
	object_fixture_fini(&fixture);
}

static void strip_into(const char *debug_file)
{
	object_run(&fixture,
		   "mkdir -p $(dirname %s) && objcopy --only-keep-debug lib.so %s && strip lib.so",
		   debug_file, debug_file);
}

static void ck_is_known(struct module module)
{
	struct frame_list list = object_frames(&fixture, module, place);

	ck_assert_uint_eq(list.count, 3);
	ck_assert_str_eq(list.frames[0].function, "inner");
	ck_assert_uint_eq(list.frames[0].line, object_line("inlined.c", "in inner"));
	ck_assert_str_eq(list.frames[2].function, "outer");
}

static void ck_is_unknown(struct module module)
{
	struct frame_list list = object_frames(&fixture, module, place);

	ck_assert_uint_eq(list.count, 1);
	ck_assert_ptr_null(list.frames[0].function);
	ck_assert_ptr_null(list.frames[0].linkage_name);
	ck_assert_ptr_null(list.frames[0].file);
	ck_assert_uint_eq(list.frames[0].line, 0);
	ck_assert_uint_eq(list.frames[0].offset, place);
	ck_assert_str_eq(list.frames[0].module, module.path);
}

static void ck_has_symbol_only(struct module module)
{
	struct frame_list list = object_frames(&fixture, module, place);

	ck_assert_uint_eq(list.count, 1);
	ck_assert_str_eq(list.frames[0].function, "outer");
	ck_assert_ptr_null(list.frames[0].file);
}

static void ck_not_warned(void)
{
	ck_assert_ptr_null(symbolizer_warnings(fixture.symbolizer)[0]);
}

/* Moves a debug file to where a build ID leads to, below a folder. */
static void move_to_build_id(const char *file, const char *folder, const char *suffix)
{
	object_run(&fixture,
		   "i=$(readelf -nW whole.so | sed -n 's/.*Build ID: //p') && "
		   "d=%s/.build-id/$(echo $i | cut -c1-2) && mkdir -p $d && "
		   "mv %s $d/$(echo $i | cut -c3-)%s",
		   folder, file, suffix);
}

static void use_debug_dir(const char *folder)
{
	static const char *dirs[2];

	dirs[0] = object_path(&fixture, folder);
	fixture.options.debug_dirs = dirs;
}

START_TEST(stripped_module_has_names_of_exported_functions_only)
{
	uint64_t hidden = object_address(&fixture, "lib.so", "place_hidden");
	struct module module = object_module(&fixture, "lib.so", true);

	object_run(&fixture, "strip lib.so");
	ck_has_symbol_only(module);
	ck_assert_ptr_null(object_function(&fixture, module, hidden));
	ck_not_warned();
}
END_TEST

static const char *const linked_places[] = {"lib.so.dbg", ".debug/lib.so.dbg"};

START_TEST(debug_link_is_followed)
{
	strip_into(linked_places[_i]);
	object_run(&fixture, "objcopy --add-gnu-debuglink=%s lib.so", linked_places[_i]);
	ck_is_known(object_module(&fixture, "lib.so", true));
	ck_not_warned();
}
END_TEST

START_TEST(debug_link_is_followed_below_debug_dir)
{
	object_run(&fixture, "mkdir -p tree%s", fixture.folder);
	object_run(&fixture,
		   "objcopy --only-keep-debug lib.so tree%s/lib.so.dbg && strip lib.so && "
		   "objcopy --add-gnu-debuglink=tree%s/lib.so.dbg lib.so",
		   fixture.folder, fixture.folder);
	use_debug_dir("tree");
	ck_is_known(object_module(&fixture, "lib.so", true));
}
END_TEST

START_TEST(debug_link_is_followed_from_where_the_module_really_is)
{
	struct module module;

	object_run(&fixture, "mkdir real && mv lib.so real && ln -s real linked && cd real && "
			     "objcopy --only-keep-debug lib.so lib.so.dbg && strip lib.so && "
			     "objcopy --add-gnu-debuglink=lib.so.dbg lib.so && "
			     "mkdir -p ../tree$PWD && mv lib.so.dbg ../tree$PWD");
	use_debug_dir("tree");
	module = object_module(&fixture, "linked/lib.so", true);
	ck_is_known(module);
}
END_TEST

START_TEST(debug_link_to_the_stripped_module_itself_is_not_followed)
{
	struct module module = object_module(&fixture, "lib.so", true);

	object_run(&fixture, "cp lib.so copy && objcopy --add-gnu-debuglink=lib.so copy && "
			     "strip copy && mv copy lib.so");
	object_run(&fixture, "mkdir build && mv whole.so build/lib.so");
	use_debug_dir("build");
	ck_is_known(module);
}
END_TEST

START_TEST(debug_link_without_build_id_needs_the_checksum)
{
	object_run(&fixture, "gcc -O2 -g -fPIC -shared -Wl,--build-id=none -o lib.so $S/inlined.c");
	strip_into("lib.so.dbg");
	object_run(&fixture, "objcopy --add-gnu-debuglink=lib.so.dbg lib.so");
	if (_i == 1)
		object_run(&fixture, "printf x >> lib.so.dbg");
	if (_i == 0)
		ck_is_known(object_module(&fixture, "lib.so", false));
	else
		ck_has_symbol_only(object_module(&fixture, "lib.so", false));
}
END_TEST

START_TEST(debug_link_to_another_build_is_not_followed)
{
	object_run(
		&fixture,
		"gcc -O1 -g -DOTHER=1 -fPIC -shared -o lib.so.dbg $S/names.cc && strip lib.so && "
		"objcopy --add-gnu-debuglink=lib.so.dbg lib.so");
	ck_has_symbol_only(object_module(&fixture, "lib.so", true));
}
END_TEST

START_TEST(debug_file_is_found_by_build_id)
{
	struct module module = object_module(&fixture, "lib.so", true);

	strip_into("lib.so.dbg");
	move_to_build_id("lib.so.dbg", "store", ".debug");
	use_debug_dir("store");
	ck_is_known(module);
	ck_not_warned();
}
END_TEST

START_TEST(debug_file_is_found_below_sysroot)
{
	struct module module = object_module(&fixture, "lib.so", true);

	strip_into("lib.so.dbg");
	move_to_build_id("lib.so.dbg", "root/usr/lib/debug", ".debug");
	object_run(&fixture, "mkdir -p root/opt && mv lib.so root/opt");
	fixture.options.sysroot = object_path(&fixture, "root/");
	module.path = "/opt/lib.so";
	ck_is_known(module);
	ck_not_warned();
}
END_TEST

/* A server is a folder here: the client reads file:// too. */
static void offer_on_server(void)
{
	char url[128];

	object_run(&fixture,
		   "objcopy --only-keep-debug lib.so lib.so.dbg && strip lib.so && "
		   "d=server/buildid/$(readelf -nW whole.so | sed -n 's/.*Build ID: //p') && "
		   "mkdir -p $d cache && mv lib.so.dbg $d/debuginfo");
	snprintf(url, sizeof(url), "file://%s", object_path(&fixture, "server"));
	setenv("DEBUGINFOD_URLS", url, 1);
	setenv("DEBUGINFOD_CACHE_PATH", object_path(&fixture, "cache"), 1);
}

static bool is_built_with_client(void)
{
	const char *warning = symbolizer_warnings(fixture.symbolizer)[0];

	return !warning || !strstr(warning, "built without");
}

START_TEST(server_is_asked_only_when_that_is_wanted)
{
	struct module module = object_module(&fixture, "lib.so", true);

	offer_on_server();
	fixture.options.use_debuginfod = _i == 1;
	if (_i == 0) {
		ck_has_symbol_only(module);
		object_run(&fixture, "test -z \"$(ls cache)\"");
		return;
	}
	ck_assert_uint_ge(object_frames(&fixture, module, place).count, 1);
	if (is_built_with_client())
		ck_is_known(module);
}
END_TEST

START_TEST(server_that_has_nothing_or_is_not_named_leaves_symbols)
{
	struct module module = object_module(&fixture, "lib.so", true);

	offer_on_server();
	object_run(&fixture, "rm -r server/buildid");
	if (_i == 1)
		unsetenv("DEBUGINFOD_URLS");
	fixture.options.use_debuginfod = true;
	ck_has_symbol_only(module);
	if (_i == 1)
		object_ck_warned(&fixture, "debuginfod: ");
}
END_TEST

START_TEST(module_itself_is_found_by_build_id)
{
	struct module module = object_module(&fixture, "lib.so", true);

	object_run(&fixture, "objcopy --only-keep-debug lib.so lib.so.dbg && strip lib.so && "
			     "objcopy --add-gnu-debuglink=lib.so.dbg lib.so && "
			     "mkdir -p root/opt/.debug && mv lib.so.dbg root/opt/.debug");
	move_to_build_id("lib.so", "root/usr/lib/debug", "");
	fixture.options.sysroot = object_path(&fixture, "root");
	module.path = "/opt/lib.so";
	ck_is_known(module);
	object_ck_warned(&fixture, "/opt/lib.so: No such file or directory: using ");
}
END_TEST

START_TEST(unstripped_copy_in_debug_dir_is_used)
{
	struct module module = object_module(&fixture, "lib.so", true);

	object_run(&fixture, "mkdir build && mv whole.so build/lib.so && strip lib.so");
	use_debug_dir("build");
	ck_is_known(module);
}
END_TEST

START_TEST(replaced_module_is_not_used)
{
	struct module module = object_module(&fixture, "lib.so", true);

	object_run(&fixture, "g++ -g -fPIC -shared -o lib.so $S/names.cc");
	ck_is_unknown(module);
	object_ck_warned(&fixture, "lib.so was replaced since (build ID ");
}
END_TEST

START_TEST(replaced_module_is_read_from_its_debug_file)
{
	struct module module = object_module(&fixture, "lib.so", true);

	strip_into("lib.so.dbg");
	move_to_build_id("lib.so.dbg", "store", ".debug");
	object_run(&fixture, "g++ -g -fPIC -shared -o lib.so $S/names.cc");
	use_debug_dir("store");
	ck_is_known(module);
	object_ck_warned(&fixture, "using ");
}
END_TEST

START_TEST(missing_module_is_warned_of_and_unknown)
{
	struct module module = object_module(&fixture, "lib.so", true);

	object_run(&fixture, "rm lib.so");
	ck_is_unknown(module);
	object_ck_warned(&fixture, "No such file");
}
END_TEST

static const char *const foreign_files[] = {
	": > lib.so",
	"echo '#!/bin/sh' > lib.so",
	"rm lib.so; mkdir lib.so",
	"rm lib.so; mkfifo lib.so",
	"head -c 70 whole.so > lib.so",
};

START_TEST(file_that_is_no_module_is_unknown)
{
	struct module module = object_module(&fixture, "lib.so", true);

	object_run(&fixture, "%s", foreign_files[_i]);
	ck_is_unknown(module);
	object_ck_warned(&fixture, "lib.so");
}
END_TEST

START_TEST(cut_file_gives_no_crash)
{
	struct module module = object_module(&fixture, "lib.so", false);

	/* at the sections' names, in the debug information, behind the code */
	object_run(&fixture,
		   "n=$(stat -c %%s whole.so); head -c $((n * %d / 16)) whole.so > lib.so", _i);
	ck_assert_uint_ge(object_frames(&fixture, module, place).count, 1);
}
END_TEST

/* Overwrites bytes of lib.so, the same ones for the same seed. */
static void change_bytes(unsigned int seed)
{
	FILE *file = fopen(object_path(&fixture, "lib.so"), "r+");
	long bytes;

	ck_assert_ptr_nonnull(file);
	fseek(file, 0, SEEK_END);
	bytes = ftell(file);
	for (int i = 0; i < 200; i++) {
		/* behind the ELF header, so that most of what is changed is looked at */
		fseek(file, 64 + rand_r(&seed) % (bytes - 64), SEEK_SET);
		fputc(rand_r(&seed) & 255, file);
	}
	fclose(file);
}

START_TEST(bytes_changed_at_random_give_no_crash)
{
	struct module module = object_module(&fixture, "lib.so", false);

	for (unsigned int seed = 1; seed <= 20; seed++) {
		object_run(&fixture, "cp whole.so lib.so");
		change_bytes(100 * (unsigned int)_i + seed);
		for (uint64_t at = place - 64; at < place + 64; at++)
			ck_assert_uint_ge(object_frames(&fixture, module, at).count, 1);
		symbolizer_free(fixture.symbolizer);
		fixture.symbolizer = NULL;
	}
}
END_TEST

START_TEST(module_without_build_id_is_taken_by_its_path)
{
	ck_is_known(object_module(&fixture, "lib.so", false));
	ck_not_warned();
}
END_TEST

START_TEST(module_without_build_id_changed_since_is_warned_of)
{
	fixture.start_realtime_ns = _i == 0 ? 1 : UINT64_MAX;
	ck_is_known(object_module(&fixture, "lib.so", false));
	if (_i == 0)
		object_ck_warned(&fixture, "was changed after the program started");
	else
		ck_not_warned();
}
END_TEST

START_TEST(minidebug_names_hidden_functions)
{
	uint64_t hidden = object_address(&fixture, "lib.so", "place_hidden");
	struct module module = object_module(&fixture, "lib.so", true);

	if (!object_has_tool("xz"))
		return;
	object_run(&fixture, "objcopy --only-keep-debug lib.so mini && strip -g mini && xz mini && "
			     "strip lib.so && "
			     "objcopy --add-section .gnu_debugdata=mini.xz lib.so");
	ck_assert_str_eq(object_function(&fixture, module, hidden), "hidden");
	ck_has_symbol_only(module);
}
END_TEST

START_TEST(vdso_is_read_only_with_its_build_id)
{
	struct module module = {.path = "[vdso]", .generation = 1};
	struct elf_file *vdso = NULL;
	bool is_named = false;

	if (elf_file_open_vdso(&vdso) != 0 || vdso->build_id.bytes == 0)
		return;
	module.build_id_bytes = (uint32_t)vdso->build_id.bytes;
	memcpy(module.build_id, vdso->build_id.data, vdso->build_id.bytes);
	elf_file_close(vdso);
	module.build_id[0] ^= (uint8_t)_i;
	for (uint64_t at = 0; at < 0x2000; at += 4)
		is_named = is_named || object_function(&fixture, module, at) != NULL;
	ck_assert_int_eq(is_named, _i == 0);
}
END_TEST

static void add_tests(TCase *tests)
{
	tcase_add_test(tests, stripped_module_has_names_of_exported_functions_only);
	tcase_add_loop_test(tests, debug_link_is_followed, 0, 2);
	tcase_add_test(tests, debug_link_is_followed_below_debug_dir);
	tcase_add_test(tests, debug_link_is_followed_from_where_the_module_really_is);
	tcase_add_test(tests, debug_link_to_the_stripped_module_itself_is_not_followed);
	tcase_add_loop_test(tests, debug_link_without_build_id_needs_the_checksum, 0, 2);
	tcase_add_test(tests, debug_link_to_another_build_is_not_followed);
	tcase_add_test(tests, debug_file_is_found_by_build_id);
	tcase_add_test(tests, debug_file_is_found_below_sysroot);
	tcase_add_loop_test(tests, server_is_asked_only_when_that_is_wanted, 0, 2);
	tcase_add_loop_test(tests, server_that_has_nothing_or_is_not_named_leaves_symbols, 0, 2);
	tcase_add_test(tests, module_itself_is_found_by_build_id);
	tcase_add_test(tests, unstripped_copy_in_debug_dir_is_used);
	tcase_add_test(tests, replaced_module_is_not_used);
	tcase_add_test(tests, replaced_module_is_read_from_its_debug_file);
	tcase_add_test(tests, missing_module_is_warned_of_and_unknown);
	tcase_add_loop_test(tests, file_that_is_no_module_is_unknown, 0, 5);
	tcase_add_loop_test(tests, cut_file_gives_no_crash, 0, 16);
	tcase_add_loop_test(tests, bytes_changed_at_random_give_no_crash, 0, 8);
	tcase_add_test(tests, module_without_build_id_is_taken_by_its_path);
	tcase_add_loop_test(tests, module_without_build_id_changed_since_is_warned_of, 0, 2);
	tcase_add_test(tests, minidebug_names_hidden_functions);
	tcase_add_loop_test(tests, vdso_is_read_only_with_its_build_id, 0, 2);
}

Suite *unit_suite(void)
{
	Suite *suite = suite_create("symbolize_files");
	TCase *tests = tcase_create("files");

	tcase_set_timeout(tests, 60);
	tcase_add_checked_fixture(tests, setup, teardown);
	add_tests(tests);
	suite_add_tcase(suite, tests);
	return suite;
}
