/* SPDX-License-Identifier: Apache-2.0 */
/*
 * check_symbolize.c - frames of debug information of all kinds that compilers and tools make.
 */
#include "model/symbolize.h"

#include <stdio.h>
#include <string.h>

#include "object_fixture.h"
#include "unit.h"

static struct object_fixture fixture;

static void setup(void)
{
	object_fixture_init(&fixture);
}

static void teardown(void)
{
	object_fixture_fini(&fixture);
}

static void ck_frame(const struct frame *frame, const char *function, const char *words,
		     bool is_inlined)
{
	ck_assert_str_eq(frame->function, function);
	ck_assert_uint_eq(frame->line, object_line("inlined.c", words));
	ck_assert_str_eq(frame->file, OBJECT_SOURCES "/inlined.c");
	ck_assert_int_eq(frame->is_inlined, is_inlined);
}

/* Three frames at the innermost of the inlined calls, one in the function that no other module sees. */
static void ck_inlined_object(const char *object, uint64_t inner, uint64_t hidden)
{
	struct frame_list list =
		object_frames(&fixture, object_module(&fixture, object, true), inner);

	ck_assert_uint_eq(list.count, 3);
	ck_frame(&list.frames[0], "inner", "in inner", true);
	ck_frame(&list.frames[1], "middle", "in middle", true);
	ck_frame(&list.frames[2], "outer", "in outer", false);
	list = object_frames(&fixture, object_module(&fixture, object, true), hidden);
	ck_assert_uint_eq(list.count, 1);
	ck_frame(&list.frames[0], "hidden", "in hidden", false);
	ck_assert_ptr_null(symbolizer_warnings(fixture.symbolizer)[0]);
}

struct build {
	const char *tool, *options;
};

static const struct build builds[] = {
	{"gcc", "-gdwarf-2"},
	{"gcc", "-gdwarf-3"},
	{"gcc", "-gdwarf-4"},
	{"gcc", "-gdwarf-5"},
	{"gcc", "-g -gz"},
	{"gcc", "-g -gz=zlib-gnu"},
	{"gcc", "-g -gsplit-dwarf"},
	{"gcc", "-gdwarf-4 -gsplit-dwarf"},
	{"gcc", "-g -flto"},
	{"gcc", "-g -Wl,--build-id=none -Wl,--build-id=md5"},
	{"gcc", "-g -ffunction-sections -Wl,--gc-sections"},
	{"clang", "-gdwarf-4"},
	{"clang", "-gdwarf-5"},
	{"clang", "-g -gsplit-dwarf"},
};

START_TEST(inlined_frames_come_innermost_first)
{
	const struct build *build = &builds[_i];
	char command[256];

	if (!object_has_tool(build->tool))
		return;
	snprintf(command, sizeof(command),
		 "%s -O2 -fPIC -c %s -o lib.o $S/inlined.c && %s %s -shared -o lib.so lib.o",
		 build->tool, build->options, build->tool, build->options);
	object_run(&fixture, "%s", command);
	ck_inlined_object("lib.so", object_address(&fixture, "lib.so", "place_inner"),
			  object_address(&fixture, "lib.so", "place_hidden"));
}
END_TEST

START_TEST(common_debug_file_of_dwz_is_used)
{
	if (!object_has_tool("dwz"))
		return;
	object_run(
		&fixture,
		"gcc -O2 -gdwarf-4 -fPIC -shared -o lib.so $S/inlined.c && cp lib.so other.so && "
		"dwz -m common.debug -M %s/common.debug lib.so other.so",
		fixture.folder);
	object_run(&fixture, "readelf -SW lib.so | grep -q gnu_debugaltlink");
	ck_inlined_object("lib.so", object_address(&fixture, "lib.so", "place_inner"),
			  object_address(&fixture, "lib.so", "place_hidden"));
}
END_TEST

START_TEST(common_debug_file_is_found_by_build_id)
{
	static const char *dirs[2];

	if (!object_has_tool("dwz"))
		return;
	object_run(
		&fixture,
		"gcc -O2 -gdwarf-4 -fPIC -shared -o lib.so $S/inlined.c && cp lib.so other.so && "
		"dwz -m common.debug -M /nowhere/common.debug lib.so other.so && "
		"i=$(readelf -nW common.debug | sed -n 's/.*Build ID: //p') && "
		"d=store/.build-id/$(echo $i | cut -c1-2) && mkdir -p $d && "
		"mv common.debug $d/$(echo $i | cut -c3-).debug");
	dirs[0] = object_path(&fixture, "store");
	fixture.options.debug_dirs = dirs;
	ck_inlined_object("lib.so", object_address(&fixture, "lib.so", "place_inner"),
			  object_address(&fixture, "lib.so", "place_hidden"));
}
END_TEST

START_TEST(missing_common_debug_file_is_warned_of)
{
	struct frame_list list;

	if (!object_has_tool("dwz"))
		return;
	object_run(
		&fixture,
		"gcc -O2 -gdwarf-4 -fPIC -shared -o lib.so $S/inlined.c && cp lib.so other.so && "
		"dwz -m common.debug -M /nowhere/common.debug lib.so other.so");
	list = object_frames(&fixture, object_module(&fixture, "lib.so", true),
			     object_address(&fixture, "lib.so", "place_inner"));
	ck_assert_str_eq(list.frames[list.count - 1].function, "outer");
	object_ck_warned(&fixture, "/nowhere/common.debug was not found");
}
END_TEST

START_TEST(function_of_two_names_has_the_public_one)
{
	uint64_t place;

	object_run(&fixture, "gcc -O2 -g -fPIC -shared -o lib.so $S/inlined.c && "
			     "strip lib.so -o stripped.so");
	place = object_address(&fixture, "lib.so", "place_twin");
	ck_assert_str_eq(object_function(&fixture, object_module(&fixture, "lib.so", true), place),
			 "object_twin");
	ck_assert_str_eq(object_function(&fixture, object_module(&fixture, "stripped.so", true),
					 place),
			 "object_twin");
}
END_TEST

START_TEST(missing_split_file_leaves_function_and_line)
{
	struct frame_list list;

	object_run(&fixture, "gcc -O2 -g -gsplit-dwarf -fPIC -c -o lib.o $S/inlined.c && "
			     "gcc -shared -o lib.so lib.o && rm *.dwo");
	list = object_frames(&fixture, object_module(&fixture, "lib.so", true),
			     object_address(&fixture, "lib.so", "place_inner"));
	ck_assert_uint_eq(list.count, 1);
	ck_assert_str_eq(list.frames[0].function, "outer");
	ck_assert_uint_eq(list.frames[0].line, object_line("inlined.c", "in inner"));
	object_ck_warned(&fixture, ".dwo was not found");
}
END_TEST

START_TEST(function_inside_a_function_is_found)
{
	struct frame_list list;

	object_run(&fixture, "gcc -O2 -g -fPIC -shared -o lib.so $S/nested.c");
	list = object_frames(&fixture, object_module(&fixture, "lib.so", true),
			     object_address(&fixture, "lib.so", "place_nested"));
	ck_assert_uint_eq(list.count, 1);
	ck_assert_str_eq(list.frames[0].function, "nested");
	ck_assert_uint_eq(list.frames[0].line, object_line("nested.c", "in nested"));
}
END_TEST

START_TEST(relative_source_names_are_made_whole)
{
	struct frame_list list;
	char expected[128];

	object_run(&fixture, "mkdir -p src/deep && cp $S/inlined.c src && cd src/deep && "
			     "gcc -g -O2 -fPIC -shared -o ../../lib.so ./.././inlined.c");
	list = object_frames(&fixture, object_module(&fixture, "lib.so", true),
			     object_address(&fixture, "lib.so", "place_inner"));
	snprintf(expected, sizeof(expected), "%s/src/inlined.c", fixture.folder);
	for (size_t i = 0; i < list.count; i++)
		ck_assert_str_eq(list.frames[i].file, expected);
}
END_TEST

START_TEST(relative_compilation_directory_is_not_doubled)
{
	struct frame_list list;

	object_run(
		&fixture,
		"mkdir -p src/deep && cp $S/inlined.c src/deep && cd src/deep && "
		"gcc %s -O2 -fdebug-prefix-map=$PWD=./deep -fPIC -shared -o ../../lib.so inlined.c",
		_i == 0 ? "-gdwarf-4" : "-gdwarf-5");
	list = object_frames(&fixture, object_module(&fixture, "lib.so", true),
			     object_address(&fixture, "lib.so", "place_inner"));
	for (size_t i = 0; i < list.count; i++)
		ck_assert_str_eq(list.frames[i].file, "deep/inlined.c");
}
END_TEST

START_TEST(package_of_split_files_is_read_or_named)
{
	struct frame_list list;

	if (!object_has_tool("dwp"))
		return;
	object_run(&fixture, "gcc -O2 -gdwarf-4 -gsplit-dwarf -fPIC -c -o lib.o $S/inlined.c && "
			     "gcc -shared -o lib.so lib.o && dwp -e lib.so && rm *.dwo");
	list = object_frames(&fixture, object_module(&fixture, "lib.so", true),
			     object_address(&fixture, "lib.so", "place_inner"));
	ck_assert_str_eq(list.frames[list.count - 1].function, "outer");
	if (list.count == 1)
		object_ck_warned(&fixture, "lib.so.dwp: ");
}
END_TEST

struct name {
	const char *place, *function, *inlined;
};

static void ck_names(const struct name *names, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		struct frame_list list =
			object_frames(&fixture, object_module(&fixture, "lib.so", true),
				      object_address(&fixture, "lib.so", names[i].place));

		ck_assert_str_eq(list.frames[list.count - 1].function, names[i].function);
		if (names[i].inlined)
			ck_assert_str_eq(list.frames[0].function, names[i].inlined);
	}
}

START_TEST(cxx_names_have_their_scopes)
{
	static const struct name names[] = {
		{"place_template", "outer_space::Box<long>::doubled()", NULL},
		{"place_destructor", "(anonymous namespace)::Hidden::~Hidden()", NULL},
		{"place_lambda", "object_caller(int)::{lambda(int)#1}::operator()(int) const",
		 NULL},
		{"place_inlined_member", "object_caller(int)",
		 "(anonymous namespace)::Hidden::inlined_member"},
	};
	static const char *const options[] = {"-gdwarf-4", "-gdwarf-5", "-g -gsplit-dwarf"};

	if (!object_has_tool("g++"))
		return;
	object_run(&fixture, "g++ -O1 %s -fPIC -shared -o lib.so $S/names.cc", options[_i]);
	ck_names(names, sizeof(names) / sizeof(names[0]));
}
END_TEST

START_TEST(rust_names_lose_their_hash)
{
	struct frame_list list;

	if (!object_has_tool("rustc"))
		return;
	object_run(&fixture,
		   "echo '#[inline(never)] fn work(n: usize) -> usize { unsafe { "
		   "std::ptr::read_volatile(&n) } } "
		   "fn main() { std::process::exit(work(7) as i32) }' > hello.rs && "
		   "rustc -g %s hello.rs && "
		   "a=$(nm hello | awk '/hello.*work/ { print $1 }') && echo $a place_work > where",
		   _i == 0 ? "" : "-C symbol-mangling-version=v0");
	object_run(&fixture, "objcopy --add-symbol place_work=0x$(cut -d' ' -f1 where) hello");
	list = object_frames(&fixture, object_module(&fixture, "hello", true),
			     object_address(&fixture, "hello", "place_work"));
	ck_assert_str_eq(list.frames[list.count - 1].function, "hello::work");
	ck_assert_ptr_nonnull(strstr(list.frames[list.count - 1].file, "hello.rs"));
}
END_TEST

START_TEST(equal_texts_are_one_pointer)
{
	struct frame_list inner, hidden;
	struct module module;

	object_run(&fixture, "gcc -O2 -g -fPIC -shared -o lib.so $S/inlined.c");
	module = object_module(&fixture, "lib.so", true);
	inner = object_frames(&fixture, module, object_address(&fixture, "lib.so", "place_inner"));
	hidden =
		object_frames(&fixture, module, object_address(&fixture, "lib.so", "place_hidden"));
	ck_assert_ptr_eq(inner.frames[0].file, hidden.frames[0].file);
	ck_assert_ptr_eq(inner.frames[0].module, hidden.frames[0].module);
	ck_assert_ptr_eq(inner.frames[0].build_id, inner.frames[2].build_id);
	ck_assert_ptr_eq(inner.frames,
			 object_frames(&fixture, module, inner.frames[0].offset).frames);
}
END_TEST

START_TEST(pseudo_locations_have_names_in_brackets)
{
	struct location locations[] = {
		{.kind = LOCATION_CODE, .module = 0, .offset = 0x1234},
		{.kind = LOCATION_THREAD, .name = "worker-#"},
		{.kind = LOCATION_THREAD, .name = "main"},
		{.kind = LOCATION_TRUNCATED},
		{.kind = LOCATION_UNKNOWN},
		{.kind = LOCATION_OVERFLOW},
		{.kind = LOCATION_API},
	};
	static const char *const functions[] = {
		NULL,	       "[thread worker-#]", "[thread main]",
		"[truncated]", "[unknown caller]",  "[stacks not told apart]",
		"[reported]",
	};
	struct module none = {.path = ""};
	struct snapshot snapshot = {
		.modules = &none,
		.module_count = 1,
		.locations = locations,
		.location_count = sizeof(locations) / sizeof(locations[0]),
	};

	ck_assert_int_eq(symbolizer_new(&fixture.options, &fixture.symbolizer, NULL), 0);
	symbolize_all(fixture.symbolizer, &snapshot);
	for (uint32_t i = 0; i < snapshot.location_count; i++) {
		struct frame_list list = symbolize_location(fixture.symbolizer, &snapshot, i);

		ck_assert_uint_eq(list.count, 1);
		ck_assert_pstr_eq(list.frames[0].function, functions[i]);
		ck_assert_str_eq(list.frames[0].module, "");
		ck_assert_str_eq(list.frames[0].build_id, "");
		ck_assert_uint_eq(list.frames[0].offset, locations[i].offset);
	}
}
END_TEST

Suite *unit_suite(void)
{
	Suite *suite = suite_create("symbolize");
	TCase *tests = tcase_create("debug information");

	tcase_set_timeout(tests, 60);
	tcase_add_checked_fixture(tests, setup, teardown);
	tcase_add_loop_test(tests, inlined_frames_come_innermost_first, 0,
			    sizeof(builds) / sizeof(builds[0]));
	tcase_add_test(tests, common_debug_file_of_dwz_is_used);
	tcase_add_test(tests, common_debug_file_is_found_by_build_id);
	tcase_add_test(tests, missing_common_debug_file_is_warned_of);
	tcase_add_test(tests, function_of_two_names_has_the_public_one);
	tcase_add_test(tests, missing_split_file_leaves_function_and_line);
	tcase_add_test(tests, function_inside_a_function_is_found);
	tcase_add_test(tests, relative_source_names_are_made_whole);
	tcase_add_loop_test(tests, relative_compilation_directory_is_not_doubled, 0, 2);
	tcase_add_test(tests, package_of_split_files_is_read_or_named);
	tcase_add_loop_test(tests, cxx_names_have_their_scopes, 0, 3);
	tcase_add_loop_test(tests, rust_names_lose_their_hash, 0, 2);
	tcase_add_test(tests, equal_texts_are_one_pointer);
	tcase_add_test(tests, pseudo_locations_have_names_in_brackets);
	suite_add_tcase(suite, tests);
	return suite;
}
