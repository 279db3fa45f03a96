/* SPDX-License-Identifier: Apache-2.0 */
/*
 * object_fixture.h - a folder in which a test builds small objects and looks addresses of them up.
 *
 * Every function fails the running test when something does not work.
 */
#ifndef UNIT_OBJECT_FIXTURE_H
#define UNIT_OBJECT_FIXTURE_H

#include <stdbool.h>
#include <stdint.h>

#include "model/symbolize.h"

struct object_fixture {
	char folder[64];
	struct symbolizer *symbolizer; /* made at the first look-up, with the options below */
	struct symbolize_options options;
	uint64_t start_realtime_ns; /* of the process, as the snapshot has it */
};

/**
 * object_fixture_init() - make the folder; call before each test, object_fixture_fini() after it.
 */
void object_fixture_init(struct object_fixture *fixture);
void object_fixture_fini(struct object_fixture *fixture);

/**
 * object_run() - run a line of shell in the folder; $S is where the sources are.
 */
void object_run(const struct object_fixture *fixture, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

/**
 * object_has_tool() - whether a program can be run.
 */
bool object_has_tool(const char *name);

/**
 * object_path() - a name in the folder, valid until the fourth next call.
 */
const char *object_path(const struct object_fixture *fixture, const char *name);

/**
 * object_address() - the value of a symbol of an object.
 */
uint64_t object_address(const struct object_fixture *fixture, const char *object,
			const char *symbol);

/**
 * object_line() - the line of a source that has "line: WORDS" in it.
 */
uint32_t object_line(const char *source, const char *words);

/* A module of a snapshot, as the traced process would have recorded it. */
struct module object_module(const struct object_fixture *fixture, const char *object,
			    bool has_build_id);

/**
 * object_frames() - look an address up.
 */
struct frame_list object_frames(struct object_fixture *fixture, struct module module,
				uint64_t address);

/**
 * object_function() - name of the outermost frame of an address.
 */
const char *object_function(struct object_fixture *fixture, struct module module, uint64_t address);

/**
 * object_ck_warned() - check that exactly one warning was given and that it has these words in it.
 */
void object_ck_warned(const struct object_fixture *fixture, const char *words);

#endif
