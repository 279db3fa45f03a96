/* SPDX-License-Identifier: Apache-2.0 */
/*
 * field.h - the columns of every report: one table feeds --sort, --fields, text, JSON and CSV
 * alike.
 */
#ifndef MODEL_FIELD_H
#define MODEL_FIELD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "model/estimate.h"
#include "model/snapshot.h"

/* What one row counts; every member is an int64_t. */
struct figures {
	struct counters counters;
	int64_t site_count; /* call stacks that the row stands for */
};

enum field_unit {
	FIELD_BYTES,
	FIELD_COUNT,
	FIELD_RATIO, /* values are parts per million */
};

/* Of which estimate a column is where only samples were recorded; see estimate.h. */
enum field_sampled {
	FIELD_OF_ALLOCATED = ESTIMATE_ALLOCATED,
	FIELD_OF_FREED = ESTIMATE_FREED,
	FIELD_OF_INHERITED = ESTIMATE_INHERITED,
	FIELD_OF_LIVE = ESTIMATE_LIVE,
	FIELD_SHARE, /* of what was allocated; which samples belong to it is not known */
	FIELD_PEAK,  /* the same, of one moment */
	FIELD_NOT_SAMPLED,
};

struct field {
	const char *name; /* in JSON, CSV and --fields */
	const char *
		sort_name; /* short name for --sort, of which a unique prefix is enough; NULL = none */
	const char *label;   /* in text: "size" of "size=512 KiB" */
	const char *meaning; /* one line for the help */
	enum field_unit unit;
	size_t offset;	/* in struct figures */
	size_t divisor; /* in struct figures; FIELD_WHOLE = a plain number */
	bool is_basic;	/* stands in every JSON and CSV row even if not asked for */
	enum field_sampled sampled;
};

#define FIELD_WHOLE ((size_t)-1)

/* How far apart the two ends of a ratio of 1 are. */
#define FIELD_RATIO_ONE INT64_C(1000000)

extern const struct field field_table[];
extern const size_t field_count;

/**
 * field_value() - one column of some figures; 0 where it would divide by zero.
 */
int64_t field_value(const struct field *field, const struct figures *figures);

/**
 * field_divisor() - what it divides by; 1 for a plain number.
 */
int64_t field_divisor(const struct field *field, const struct figures *figures);

/**
 * field_delta() - by how much one column changed.
 */
int64_t field_delta(const struct field *field, const struct figures *first,
		    const struct figures *last);

/**
 * field_by_name() - the column of exactly this name; NULL if there is none.
 */
const struct field *field_by_name(const char *name);

/**
 * field_find() - the column that a user means: a short name, a name, a label, or a prefix that fits
 * one of them only. Short names are looked at first: "live" is live_bytes although live_blocks
 * begins so too.
 *
 * Return: 0; -EINVAL, and @error lists what would have fitted.
 */
int field_find(const char *text, const struct field **out, struct error *error);

/**
 * field_find_list() - the columns of a comma-separated list.
 * @out: set on success; free() it.
 *
 * Return: 0; -EINVAL; -ENOMEM.
 */
int field_find_list(const char *text, const struct field ***out, size_t *count,
		    struct error *error);

/**
 * figures_add() - member by member.
 */
void figures_add(struct figures *sum, const struct figures *part);

#endif
