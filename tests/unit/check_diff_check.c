/* SPDX-License-Identifier: Apache-2.0 */
/*
 * check_diff_check.c - what is found out about inputs before they are compared or added up.
 */
#include <string.h>

#include "fake_snapshot.h"
#include "model/diff.h"
#include "unit.h"

static struct snapshot *inputs[4];
static size_t input_count;

static struct snapshot *input(void)
{
	inputs[input_count] = fake_new();
	inputs[input_count]->totals[MT_TOTAL_ALLOC_COUNT] = 1;
	inputs[input_count]->taken_ns = input_count;
	return inputs[input_count++];
}

static void begin(void)
{
	input_count = 0;
}

static void end(void)
{
	while (input_count > 0)
		fake_free(inputs[--input_count]);
}

static const struct finding *finding_of(struct findings *findings, enum finding_kind kind)
{
	static const char *const none[] = {NULL};
	size_t i;

	*findings = (struct findings){0};
	diff_check((const struct snapshot *const *)inputs, input_count, none, findings);
	for (i = 0; i < findings->count; i++)
		if (findings->list[i].kind == kind)
			return &findings->list[i];
	return NULL;
}

START_TEST(one_process_in_order_is_nothing_to_speak_of)
{
	struct findings findings;

	input();
	input();
	(void)finding_of(&findings, FINDING_NOTE);
	ck_assert_uint_eq(findings.count, 0);
}
END_TEST

START_TEST(other_process_of_the_same_program_is_noted)
{
	struct findings findings;

	input();
	input()->header.pid = 200;
	ck_assert_ptr_nonnull(strstr(finding_of(&findings, FINDING_NOTE)->text, "200"));
	ck_assert_ptr_null(finding_of(&findings, FINDING_REFUSAL));
}
END_TEST

START_TEST(reused_pid_is_another_process)
{
	struct findings findings;

	input();
	input()->header.process_start_ticks = 8;
	ck_assert_ptr_nonnull(finding_of(&findings, FINDING_NOTE));
}
END_TEST

START_TEST(program_without_any_allocation_is_noted)
{
	struct findings findings;

	input()->totals[MT_TOTAL_ALLOC_COUNT] = 0;
	input();
	ck_assert_ptr_null(finding_of(&findings, FINDING_NOTE));
	inputs[1]->totals[MT_TOTAL_ALLOC_COUNT] = 0;
	ck_assert_ptr_nonnull(strstr(finding_of(&findings, FINDING_NOTE)->text, "no allocation"));
	inputs[0]->process.is_stopped = 1;
	ck_assert_ptr_null(finding_of(&findings, FINDING_NOTE));
}
END_TEST

START_TEST(different_programs_are_refused)
{
	struct findings findings;

	input();
	input()->executable = "/usr/bin/other";
	ck_assert_ptr_nonnull(strstr(finding_of(&findings, FINDING_REFUSAL)->text, "other"));
}
END_TEST

START_TEST(renamed_program_of_the_same_build_is_the_same)
{
	struct findings findings;

	fake_build_id(input(), "app", 5);
	fake_build_id(input(), "app", 5);
	inputs[1]->executable = "/tmp/copy-of-app";
	ck_assert_ptr_null(finding_of(&findings, FINDING_REFUSAL));
}
END_TEST

START_TEST(wrong_order_and_drops_are_warned_of)
{
	struct findings findings;

	input()->taken_ns = 10;
	input()->taken_ns = 5;
	ck_assert_ptr_nonnull(strstr(finding_of(&findings, FINDING_WARNING)->text, "older"));
	inputs[1]->taken_ns = 20;
	ck_assert_ptr_null(finding_of(&findings, FINDING_WARNING));
	inputs[1]->drops[MT_DROP_TRUNCATED_STACKS] = 2;
	ck_assert_ptr_null(finding_of(&findings, FINDING_WARNING));
	inputs[1]->drops[MT_DROP_SITES] = 3;
	ck_assert_ptr_nonnull(strstr(finding_of(&findings, FINDING_WARNING)->text,
				     "3 events of stacks without room"));
}
END_TEST

START_TEST(many_inputs_of_one_process_are_put_in_the_order_of_time)
{
	struct snapshot *first = input(), *third = input(), *second = input();
	struct findings findings = {0};

	first->taken_ns = 1;
	third->taken_ns = 10;
	second->taken_ns = 2;
	diff_order(inputs, input_count, &findings);
	ck_assert_ptr_eq(inputs[0], first);
	ck_assert_ptr_eq(inputs[1], second);
	ck_assert_ptr_eq(inputs[2], third);
	ck_assert_uint_eq(findings.count, 1);
	ck_assert_int_eq(findings.list[0].kind, FINDING_NOTE);
	ck_assert_ptr_nonnull(strstr(findings.list[0].text, "order of time"));
	diff_order(inputs, input_count, &findings);
	ck_assert_uint_eq(findings.count, 1);
	ck_assert_ptr_null(finding_of(&findings, FINDING_WARNING));
}
END_TEST

START_TEST(order_of_two_inputs_or_of_several_processes_is_kept)
{
	struct findings findings = {0};
	struct snapshot *late = input();

	input();
	late->taken_ns = 10;
	diff_order(inputs, input_count, &findings);
	ck_assert_ptr_eq(inputs[0], late);
	input()->header.pid = 200;
	diff_order(inputs, input_count, &findings);
	ck_assert_ptr_eq(inputs[0], late);
	ck_assert_uint_eq(findings.count, 0);
}
END_TEST

START_TEST(one_process_added_to_itself_is_warned_of)
{
	struct findings findings = {0};

	input();
	input()->header.pid = 200;
	merge_check((const struct snapshot *const *)inputs, input_count, &findings);
	ck_assert_uint_eq(findings.count, 0);
	inputs[1]->header.pid = 100;
	merge_check((const struct snapshot *const *)inputs, input_count, &findings);
	ck_assert_uint_eq(findings.count, 1);
	ck_assert_int_eq(findings.list[0].kind, FINDING_WARNING);
}
END_TEST

Suite *unit_suite(void)
{
	Suite *suite = suite_create("diff_check");
	TCase *tests = tcase_create("diff_check");

	tcase_add_checked_fixture(tests, begin, end);
	tcase_add_test(tests, one_process_in_order_is_nothing_to_speak_of);
	tcase_add_test(tests, other_process_of_the_same_program_is_noted);
	tcase_add_test(tests, reused_pid_is_another_process);
	tcase_add_test(tests, program_without_any_allocation_is_noted);
	tcase_add_test(tests, different_programs_are_refused);
	tcase_add_test(tests, renamed_program_of_the_same_build_is_the_same);
	tcase_add_test(tests, wrong_order_and_drops_are_warned_of);
	tcase_add_test(tests, many_inputs_of_one_process_are_put_in_the_order_of_time);
	tcase_add_test(tests, order_of_two_inputs_or_of_several_processes_is_kept);
	tcase_add_test(tests, one_process_added_to_itself_is_warned_of);
	suite_add_tcase(suite, tests);
	return suite;
}
