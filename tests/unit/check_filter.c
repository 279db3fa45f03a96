/* SPDX-License-Identifier: Apache-2.0 */
/*
 * check_filter.c - which frames and stacks a filter lets pass, and what that does to rows.
 */
#include <errno.h>
#include <string.h>

#include "fake_snapshot.h"
#include "unit.h"

static struct filter *filter;
static const struct frame template_frame = {
	.function = "net::Server::accept(int, char const*)",
	.linkage_name = "_ZN3net6Server6acceptEiPKc",
	.file = "/home/me/src/server.cc",
	.line = 12,
	.module = "/usr/lib/libnet.so.1",
	.build_id = "",
};

static void begin(void)
{
	ck_assert_int_eq(filter_new(&filter), 0);
}

static void end(void)
{
	filter_free(filter);
}

static void include(enum filter_kind kind, const char *text)
{
	struct error error;

	ck_assert_int_eq(filter_include(filter, kind, text, &error), 0);
}

static void exclude(const char *text)
{
	struct error error;

	ck_assert_int_eq(filter_exclude(filter, text, &error), 0);
}

static bool passes(void)
{
	return filter_passes(filter, &template_frame, "pool-#");
}

START_TEST(empty_filter_passes_everything)
{
	ck_assert(filter_is_empty(filter));
	ck_assert(passes());
	ck_assert(filter_passes(NULL, &template_frame, ""));
	include(FILTER_FILE, "*");
	ck_assert(!filter_is_empty(filter));
}
END_TEST

static const struct {
	enum filter_kind kind;
	const char *pattern;
	bool is_fit;
} include_cases[] = {
	{FILTER_FUNCTION, "net::Server::accept", true},
	{FILTER_FUNCTION, "net::Server::accept(int, char const*)", true},
	{FILTER_FUNCTION, "_ZN3net6Server6acceptEiPKc", true},
	{FILTER_FUNCTION, "net::*", true},
	{FILTER_FUNCTION, "re:^net::.*accept", true},
	{FILTER_FUNCTION, "accept", false},
	{FILTER_FILE, "server.cc", true},
	{FILTER_FILE, "src/server.cc", true},
	{FILTER_FILE, "/home/me/src/server.cc", true},
	{FILTER_FILE, "*.cc", true},
	{FILTER_FILE, "erver.cc", false},
	{FILTER_FILE, "/src/server.cc", false},
	{FILTER_MODULE, "libnet.so.1", true},
	{FILTER_MODULE, "libnet.*", true},
	{FILTER_MODULE, "libnet", false},
	{FILTER_THREAD, "pool-#", true},
	{FILTER_THREAD, "pool*", true},
	{FILTER_THREAD, "main", false},
};

START_TEST(kinds_are_compared_with_their_part_of_a_frame)
{
	include(include_cases[_i].kind, include_cases[_i].pattern);
	ck_assert_msg(passes() == include_cases[_i].is_fit, "%s", include_cases[_i].pattern);
}
END_TEST

START_TEST(patterns_of_a_kind_widen_and_kinds_narrow)
{
	include(FILTER_FUNCTION, "nothing");
	include(FILTER_FUNCTION, "net::*");
	ck_assert(passes());
	include(FILTER_THREAD, "main");
	ck_assert(!passes());
}
END_TEST

START_TEST(exclusion_wins)
{
	include(FILTER_FUNCTION, "net::*");
	exclude("thread=pool-#");
	ck_assert(!passes());
}
END_TEST

START_TEST(exclusion_without_kind_looks_at_function_file_and_module)
{
	exclude("server.cc");
	ck_assert(!passes());
	ck_assert(
		filter_passes(filter, &(struct frame){.function = "f", .module = ""}, "server.cc"));
}
END_TEST

START_TEST(exclusion_of_a_kind_looks_at_that_kind_only)
{
	exclude("function=server.cc");
	ck_assert(passes());
	exclude("module=libnet.so.1");
	ck_assert(!passes());
}
END_TEST

START_TEST(frame_without_names_fits_no_pattern)
{
	const struct frame nameless = {.module = "", .build_id = ""};

	include(FILTER_FUNCTION, "*");
	ck_assert(!filter_passes(filter, &nameless, ""));
}
END_TEST

START_TEST(bad_regular_expression_is_refused)
{
	struct error error = {0};

	ck_assert_int_eq(filter_include(filter, FILTER_FUNCTION, "re:(", &error), -EINVAL);
	ck_assert_str_ne(error.text, "");
	ck_assert_int_eq(filter_exclude(filter, "file=re:(", &error), -EINVAL);
	ck_assert(filter_is_empty(filter));
}
END_TEST

struct filtered {
	enum group_by by;
	bool is_cumulative;
	size_t row_count;
	int64_t live_bytes;
};

/* Sites: parse under main, 1 byte; copy under parse, 2 bytes; copy under send, 4 bytes. */
static void check_rows(const struct filtered *expected)
{
	struct snapshot *snapshot = fake_new();
	struct fake_bench bench;
	struct row_set *set;

	fake_site(snapshot, "main", "parse@p.c:1 main@m.c:9", 1, 0, 1);
	fake_site(snapshot, "main", "copy@c.c:1 parse@p.c:2 main@m.c:9", 1, 0, 2);
	fake_site(snapshot, "main", "copy@c.c:1 send@s.c:2 main@m.c:9", 1, 0, 4);
	fake_bench_init(&bench, (const struct snapshot *[]){snapshot}, 1);
	set = fake_rows(&bench, snapshot, expected->by, expected->is_cumulative, filter);
	ck_assert_uint_eq(set->count, expected->row_count);
	ck_assert_int_eq(set->total.counters.live_bytes, expected->live_bytes);
	row_set_free(set);
	fake_bench_fini(&bench);
	fake_free(snapshot);
}

START_TEST(self_rows_are_chosen_by_their_first_frame)
{
	include(FILTER_FUNCTION, "parse");
	check_rows(&(struct filtered){GROUP_SITE, false, 1, 1});
	check_rows(&(struct filtered){GROUP_FUNCTION, false, 1, 1});
	check_rows(&(struct filtered){GROUP_THREAD, false, 1, 1});
}
END_TEST

START_TEST(cumulative_rows_are_chosen_by_any_frame)
{
	include(FILTER_FUNCTION, "parse");
	check_rows(&(struct filtered){GROUP_SITE, true, 2, 3});
	check_rows(&(struct filtered){GROUP_FUNCTION, true, 1, 3});
	check_rows(&(struct filtered){GROUP_THREAD, true, 1, 3});
}
END_TEST

START_TEST(excluded_frame_anywhere_takes_a_cumulative_site_out)
{
	exclude("function=parse");
	check_rows(&(struct filtered){GROUP_SITE, true, 1, 4});
	check_rows(&(struct filtered){GROUP_SITE, false, 2, 6});
}
END_TEST

Suite *unit_suite(void)
{
	Suite *suite = suite_create("filter");
	TCase *tests = tcase_create("filter");

	tcase_add_checked_fixture(tests, begin, end);
	tcase_add_test(tests, empty_filter_passes_everything);
	tcase_add_loop_test(tests, kinds_are_compared_with_their_part_of_a_frame, 0,
			    (int)(sizeof(include_cases) / sizeof(include_cases[0])));
	tcase_add_test(tests, patterns_of_a_kind_widen_and_kinds_narrow);
	tcase_add_test(tests, exclusion_wins);
	tcase_add_test(tests, exclusion_without_kind_looks_at_function_file_and_module);
	tcase_add_test(tests, exclusion_of_a_kind_looks_at_that_kind_only);
	tcase_add_test(tests, frame_without_names_fits_no_pattern);
	tcase_add_test(tests, bad_regular_expression_is_refused);
	tcase_add_test(tests, self_rows_are_chosen_by_their_first_frame);
	tcase_add_test(tests, cumulative_rows_are_chosen_by_any_frame);
	tcase_add_test(tests, excluded_frame_anywhere_takes_a_cumulative_site_out);
	suite_add_tcase(suite, tests);
	return suite;
}
