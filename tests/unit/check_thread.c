/* SPDX-License-Identifier: Apache-2.0 */
/*
 * check_thread.c - threads are of the kind that their name says, and their state goes to the next thread.
 */
#define _GNU_SOURCE
#include "thread.h"

#include <pthread.h>
#include <stdio.h>
#include <sys/prctl.h>

#include "clock.h"
#include "node_table.h"
#include "trace_case.h"
#include "trace_file.h"
#include "unit.h"

static void start(void)
{
	trace_case_start();
	clock_init(false, false);
	shard_init();
	thread_init();
}

/* What a thread of a name finds out about itself. */
struct seen {
	const char *name;
	struct thread *thread;
	struct shard *shard;
	uint32_t kind_node;
	int32_t record;
};

static void *run_thread(void *argument)
{
	struct seen *seen = argument;

	prctl(PR_SET_NAME, seen->name, 0, 0, 0);
	seen->thread = thread_attach();
	if (seen->thread != NULL) {
		seen->shard = seen->thread->shard;
		seen->kind_node = seen->thread->kind_node;
		seen->record = seen->thread->record;
	}
	return NULL;
}

static struct seen see(const char *name)
{
	struct seen seen = {.name = name};
	pthread_t thread;

	ck_assert_int_eq(pthread_create(&thread, NULL, run_thread, &seen), 0);
	pthread_join(thread, NULL);
	ck_assert_ptr_nonnull(seen.thread);
	return seen;
}

/* Name of the kind that an outermost node stands for. */
static const char *kind_of(uint32_t kind_node)
{
	const struct mt_node *node = trace_file_entry(TRACE_NODES, kind_node);
	uint64_t word = *(const uint64_t *)trace_file_entry(TRACE_LOCATIONS, node->location);

	ck_assert_uint_eq(node->parent, 0);
	ck_assert_uint_eq(word >> MT_PSEUDO_SHIFT,
			  location_pseudo(MT_PSEUDO_THREAD, 0) >> MT_PSEUDO_SHIFT);
	return trace_file.thread_kinds[word & 0xffff].name;
}

START_TEST(digits_of_a_name_do_not_make_a_kind)
{
	static const char *const names[][2] = {{"worker-1", "worker-#"},
					       {"worker-27", "worker-#"},
					       {"w1x22y", "w#x#y"},
					       {"12345", "#"},
					       {"plain", "plain"},
					       {"", ""},
					       {"fifteen-letters", "fifteen-letters"}};
	uint32_t first = see("worker-1").kind_node;

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		ck_assert_str_eq(kind_of(see(names[i][0]).kind_node), names[i][1]);
	ck_assert_uint_eq(see("worker-333").kind_node, first);
	ck_assert_uint_ne(see("plain").kind_node, first);
	ck_assert_uint_eq(trace_file.thread_kinds[1].thread_count, 4);
}
END_TEST

START_TEST(state_and_shard_go_to_the_next_thread)
{
	struct seen first = see("one"), second = see("two");

	ck_assert_ptr_eq(first.thread, second.thread);
	ck_assert_ptr_eq(first.shard, second.shard);
	ck_assert_int_eq(first.shard->record->tid, 0);
}
END_TEST

START_TEST(state_is_taken_over_where_the_program_has_all_keys)
{
	struct seen first, second;
	struct thread *own;
	pthread_key_t key;

	do
		ck_assert_int_eq(pthread_key_create(&key, NULL), 0);
	while (key < 31); /* libc keeps so many in the thread itself */
	thread_init();
	own = thread_attach();
	first = see("one");
	second = see("two");
	ck_assert_ptr_eq(first.thread, second.thread);
	ck_assert_ptr_ne(first.thread, own);
	ck_assert_ptr_eq(first.shard, second.shard);
	ck_assert_ptr_ne(first.shard, own->shard);
	ck_assert_uint_gt(trace_file.threads[first.record].end_ns, 0);
	ck_assert_uint_eq(trace_file.threads[own->record].end_ns, 0);
}
END_TEST

/* Destructors of a thread's keys run in the order in which the keys were made: this one is later than ours. */
static void attach_late(void *argument)
{
	struct seen *seen = argument;

	seen->thread = thread_local_state.thread;
	if (seen->thread == NULL)
		seen->thread = thread_attach();
}

static pthread_key_t late_key;

static void *run_with_late_destructor(void *argument)
{
	ck_assert_ptr_nonnull(thread_attach());
	pthread_setspecific(late_key, argument);
	return NULL;
}

START_TEST(state_that_was_given_back_is_not_used_by_later_destructors)
{
	struct seen seen = {0};
	pthread_t thread;

	ck_assert_int_eq(pthread_key_create(&late_key, attach_late), 0);
	ck_assert_int_eq(pthread_create(&thread, NULL, run_with_late_destructor, &seen), 0);
	pthread_join(thread, NULL);
	ck_assert_ptr_null(seen.thread);
}
END_TEST

START_TEST(state_of_the_parent_is_used_by_its_child_once)
{
	struct thread *parents = thread_attach();

	thread_after_fork();
	ck_assert_ptr_null(thread_local_state.thread);
	ck_assert_ptr_eq(thread_attach(), parents);
	ck_assert_ptr_ne(see("other").thread, parents);
}
END_TEST

START_TEST(state_of_an_event_that_a_handler_forked_in_is_left_to_it)
{
	struct thread *parents = thread_attach();

	thread_local_state.depth = 1;
	thread_after_fork();
	thread_local_state.depth = 0;
	ck_assert_ptr_null(thread_local_state.thread);
	ck_assert_ptr_ne(thread_attach(), parents);
}
END_TEST

START_TEST(thread_is_recorded_with_its_beginning_and_its_end)
{
	struct seen seen = see("recorded-1");
	const struct mt_thread *record = &trace_file.threads[seen.record];

	ck_assert_int_eq(seen.record, 0);
	ck_assert_str_eq(record->name, "recorded-1");
	ck_assert_str_eq(trace_file.thread_kinds[record->kind].name, "recorded-#");
	ck_assert_int_gt(record->tid, 0);
	ck_assert_uint_ge(record->end_ns, record->start_ns);
	ck_assert_uint_gt(record->end_ns, 0);
}
END_TEST

START_TEST(more_threads_than_there_are_records_go_on_without)
{
	for (uint32_t i = 0; i < MT_THREAD_MAX; i++)
		ck_assert_ptr_nonnull(trace_file_thread_slot());
	ck_assert_int_eq(see("late").record, -1);
}
END_TEST

START_TEST(kinds_beyond_the_last_are_one_and_counted)
{
	char name[16];
	uint32_t last = 0;

	for (uint32_t i = 0; i < MT_THREAD_KIND_MAX + 10; i++) {
		snprintf(name, sizeof(name), "%c%c", (int)('a' + i / 26), (int)('a' + i % 26));
		last = see(name).kind_node;
	}
	/* 0 is no kind and the last one stands for all others */
	ck_assert_uint_eq(trace_file.drops[MT_DROP_THREAD_KINDS], 10 + 2);
	ck_assert_uint_eq(trace_file.thread_kinds[MT_THREAD_KIND_MAX - 1].thread_count, 10 + 2);
	ck_assert_uint_eq(see("something else").kind_node, last);
	ck_assert_str_eq(kind_of(see("aa").kind_node), "aa");
}
END_TEST

START_TEST(scratch_of_a_nested_event_is_not_lent_twice)
{
	struct capture_scratch *first = thread_borrow_scratch(0x1000), *second;

	second = thread_borrow_scratch(0x900);
	ck_assert_ptr_nonnull(first);
	ck_assert_ptr_nonnull(second);
	ck_assert_ptr_ne(first, second);
	thread_return_scratch(first);
	ck_assert_ptr_eq(thread_borrow_scratch(0x800), first);
}
END_TEST

START_TEST(scratch_of_a_nested_event_that_was_jumped_out_of_is_lent_again)
{
	uintptr_t here = (uintptr_t)__builtin_frame_address(0);
	struct thread *own = thread_attach();
	struct capture_scratch *first = thread_borrow_scratch(here);

	own->bounds = (struct unwind_bounds){here - 4096, here + 4096};
	ck_assert_ptr_eq(thread_borrow_scratch(here + 64), first);
	/* what lies below may have been called by it */
	ck_assert_ptr_ne(thread_borrow_scratch(here - 1024), first);
}
END_TEST

START_TEST(first_event_that_was_jumped_out_of_is_known_by_the_stack)
{
	uintptr_t here = (uintptr_t)__builtin_frame_address(0);

	/* before the thread has a state, and before its first walk has told where its stack is */
	ck_assert(thread_has_left_first_event(here, here + 64));
	ck_assert_ptr_nonnull(thread_attach());
	ck_assert(thread_has_left_first_event(here, here + 64));
	/* a handler within it comes from below */
	ck_assert(!thread_has_left_first_event(here, here - 1024));
}
END_TEST

START_TEST(scratches_run_out_and_come_back)
{
	struct capture_scratch *lent[65];
	uint32_t count = 0;

	while (count < 65 && (lent[count] = thread_borrow_scratch(0x1000)) != NULL)
		count++;
	ck_assert_uint_eq(count, 64);
	thread_return_scratch(lent[40]);
	ck_assert_ptr_eq(thread_borrow_scratch(0x1000), lent[40]);
	/* a forked child is the only thread there is */
	thread_after_fork();
	ck_assert_ptr_nonnull(thread_borrow_scratch(0x1000));
}
END_TEST

Suite *unit_suite(void)
{
	Suite *suite = suite_create("thread");
	TCase *tests = tcase_create("threads");

	tcase_set_timeout(tests, 30);
	tcase_add_checked_fixture(tests, start, trace_case_finish);
	tcase_add_test(tests, digits_of_a_name_do_not_make_a_kind);
	tcase_add_test(tests, state_and_shard_go_to_the_next_thread);
	tcase_add_test(tests, state_is_taken_over_where_the_program_has_all_keys);
	tcase_add_test(tests, state_that_was_given_back_is_not_used_by_later_destructors);
	tcase_add_test(tests, state_of_the_parent_is_used_by_its_child_once);
	tcase_add_test(tests, state_of_an_event_that_a_handler_forked_in_is_left_to_it);
	tcase_add_test(tests, thread_is_recorded_with_its_beginning_and_its_end);
	tcase_add_test(tests, more_threads_than_there_are_records_go_on_without);
	tcase_add_test(tests, kinds_beyond_the_last_are_one_and_counted);
	tcase_add_test(tests, scratch_of_a_nested_event_is_not_lent_twice);
	tcase_add_test(tests, scratch_of_a_nested_event_that_was_jumped_out_of_is_lent_again);
	tcase_add_test(tests, first_event_that_was_jumped_out_of_is_known_by_the_stack);
	tcase_add_test(tests, scratches_run_out_and_come_back);
	suite_add_tcase(suite, tests);
	return suite;
}
