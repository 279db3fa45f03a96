/* SPDX-License-Identifier: Apache-2.0 */
/*
 * fake_view.c - views of snapshots made by hand, and what becomes of them in print.
 */
#define _GNU_SOURCE 1
#include "fake_view.h"

#include <check.h>
#include <stdio.h>
#include <stdlib.h>

struct fake_view fake;

void fake_view_begin(void)
{
	fake_forget_places();
	fake = (struct fake_view){0};
}

static void drop_rows(void)
{
	row_set_free(fake.rows);
	fake_bench_fini(&fake.bench);
	fake.rows = NULL;
}

void fake_view_end(void)
{
	drop_rows();
	while (fake.input_count > 0)
		fake_free(fake.inputs[--fake.input_count]);
	free(fake.text);
}

struct snapshot *fake_view_input(void)
{
	struct snapshot *snapshot = fake_new();

	ck_assert_uint_lt(fake.input_count, sizeof(fake.inputs) / sizeof(fake.inputs[0]));
	snapshot->taken_ns = fake.input_count;
	fake.inputs[fake.input_count++] = snapshot;
	return snapshot;
}

static const struct snapshot *const *inputs(void)
{
	return (const struct snapshot *const *)fake.inputs;
}

static void prepare(enum view_kind kind)
{
	drop_rows();
	fake_bench_init(&fake.bench, inputs(), fake.input_count);
	fake.view = (struct view){
		.kind = kind,
		.sort = field_by_name("live_bytes"),
		.snapshots = inputs(),
		.snapshot_count = fake.input_count,
		.reader = fake.bench.reader,
	};
}

void fake_view_report(enum group_by by)
{
	prepare(VIEW_REPORT);
	fake.view.rows = fake.rows = fake_rows(&fake.bench, fake.inputs[0], by, false, NULL);
}

void fake_view_diff(enum group_by by)
{
	struct row_set *sets[4];
	size_t i;

	prepare(VIEW_DIFF);
	for (i = 0; i < fake.input_count; i++)
		sets[i] = fake_rows(&fake.bench, fake.inputs[i], by, false, NULL);
	ck_assert_int_eq(diff_rows((const struct row_set *const *)sets, fake.input_count,
				   &fake.rows),
			 0);
	ck_assert_int_eq(row_set_sort(fake.rows, fake.view.sort), 0);
	fake.view.rows = fake.rows;
	for (i = 0; i < fake.input_count; i++)
		row_set_free(sets[i]);
}

const char *fake_view_render(const struct renderer *renderer)
{
	size_t bytes;
	FILE *out;

	free(fake.text);
	fake.text = NULL;
	out = open_memstream(&fake.text, &bytes);
	ck_assert_int_eq(render(renderer, out, &fake.view), 0);
	ck_assert_int_eq(fclose(out), 0);
	return fake.text;
}

const struct answer *fake_view_answer(void)
{
	static struct answer answer;

	answer_of(&fake.view, &answer);
	return &answer;
}
