/* SPDX-License-Identifier: Apache-2.0 */
/*
 * fake_view.h - views of snapshots made by hand, and what becomes of them in print. One at a time.
 */
#ifndef UNIT_FAKE_VIEW_H
#define UNIT_FAKE_VIEW_H

#include "fake_snapshot.h"
#include "model/diff.h"
#include "render/answer.h"
#include "render/render.h"

struct fake_view {
	struct snapshot *inputs[4];
	size_t input_count;
	struct fake_bench bench;
	struct row_set *rows;
	struct view view;
	char *text; /* what was rendered last */
};

extern struct fake_view fake;

/* Fixture of every test. */
void fake_view_begin(void);
void fake_view_end(void);

/**
 * fake_view_input() - one more snapshot to be looked at.
 */
struct snapshot *fake_view_input(void);

/**
 * fake_view_report() - make rows of the first input, whatever rows there were.
 */
void fake_view_report(enum group_by by);

/**
 * fake_view_diff() - make rows of all inputs.
 */
void fake_view_diff(enum group_by by);

/**
 * fake_view_render() - the view as text, JSON or CSV; valid until the next call.
 */
const char *fake_view_render(const struct renderer *renderer);

/**
 * fake_view_answer() - the sentences on top; valid until the next call.
 */
const struct answer *fake_view_answer(void);

#endif
