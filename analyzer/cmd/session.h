/* SPDX-License-Identifier: Apache-2.0 */
/*
 * session.h - what report, diff and leaks do alike: load inputs, make rows, show them.
 */
#ifndef CMD_SESSION_H
#define CMD_SESSION_H

#include <stddef.h>

#include "cmd/view_options.h"
#include "model/aggregate.h"
#include "model/diff.h"
#include "model/snapshot.h"
#include "model/suppressions.h"
#include "render/render.h"

struct source;
struct symbolizer;
struct wrappers;

struct session {
	struct view_options options;
	struct snapshot **snapshots;
	size_t snapshot_count;
	struct symbolizer *symbolizer;
	struct wrappers *wrappers;
	struct stack_reader *reader;
	struct source *source;
	struct group_rules *rules;
	struct findings findings;
	struct row_set *rows;
	struct error error; /* why the last step failed */
};

/**
 * session_init() - defaults, nothing loaded.
 *
 * Return: 0 or -ENOMEM.
 */
int session_init(struct session *session);
void session_fini(struct session *session);

/**
 * session_load() - add one input: a file, or the number of a process.
 *
 * Return: 0 or a negative errno; session->error says why.
 */
int session_load(struct session *session, const char *operand);

/**
 * session_load_children() - add the trace files of a process tree that stand in FILE.d beside FILE.
 *
 * Only trace files: a snapshot of the same process would count twice. One that cannot be read
 * becomes a finding.
 */
int session_load_children(struct session *session, const char *operand);

/**
 * session_prepare() - set up symbols; to be called when everything is loaded.
 */
int session_prepare(struct session *session);

/**
 * session_aggregation() - how rows are to be made, by the options.
 */
struct aggregation session_aggregation(const struct session *session);

/**
 * session_view() - sort session->rows and describe how they are shown; the command fills in what is
 * its own.
 */
int session_view(struct session *session, enum view_kind kind, struct view *view);

/**
 * session_show() - write the view to standard output, and what else is to be known to standard
 * error.
 *
 * Return: exit code.
 */
int session_show(struct session *session, struct view *view);

/**
 * session_print_findings(), session_print_warnings() - on standard error: what is to be known of the inputs, and
 * what came up while symbols were looked for. Part of session_show().
 */
void session_print_findings(const struct session *session);
void session_print_warnings(const struct session *session);

/**
 * session_fail() - print session->error.
 * @status: negative errno that the failed step returned.
 *
 * Return: exit code for it.
 */
int session_fail(const struct session *session, int status);

#endif
