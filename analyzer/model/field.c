/* SPDX-License-Identifier: Apache-2.0 */
/*
 * field.c - the table of columns and how a user names one.
 */
#include "model/field.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/wrap.h"

#define AT(member) offsetof(struct figures, counters.member)
#define WHOLE(name, sort_name, label, unit, is_basic, sampled, meaning)                            \
	{                                                                                          \
#name, sort_name, label, meaning, unit, AT(name), FIELD_WHOLE, is_basic, sampled   \
	}

const struct field field_table[] = {
	WHOLE(live_bytes, "live", "size", FIELD_BYTES, true, FIELD_OF_LIVE,
	      "bytes allocated and not yet freed"),
	WHOLE(live_blocks, "count", "count", FIELD_COUNT, true, FIELD_OF_LIVE,
	      "blocks allocated and not yet freed"),
	WHOLE(alloc_bytes, "total", "total", FIELD_BYTES, true, FIELD_OF_ALLOCATED,
	      "bytes ever allocated"),
	WHOLE(alloc_count, "allocations", "allocations", FIELD_COUNT, true, FIELD_OF_ALLOCATED,
	      "allocations ever made"),
	WHOLE(freed_bytes, "freed", "freed", FIELD_BYTES, true, FIELD_OF_FREED, "bytes ever freed"),
	WHOLE(free_count, "frees", "frees", FIELD_COUNT, true, FIELD_OF_FREED, "blocks ever freed"),
	WHOLE(peak_live_bytes, "peak", "peak", FIELD_BYTES, true, FIELD_PEAK,
	      "most live bytes at one time; of several sites: the sum of theirs"),
	WHOLE(at_peak_live_bytes, "at-peak", "at-peak", FIELD_BYTES, true, FIELD_PEAK,
	      "live bytes when the whole process was at its peak"),
	WHOLE(temporary_count, "temporary", "temporary", FIELD_COUNT, true, FIELD_SHARE,
	      "blocks freed by the same thread before its next allocation"),
	WHOLE(realloc_count, "reallocs", "reallocs", FIELD_COUNT, false, FIELD_SHARE,
	      "successful reallocs"),
	WHOLE(inherited_blocks, NULL, "inherited", FIELD_COUNT, false, FIELD_OF_INHERITED,
	      "blocks alive when the process was forked"),
	WHOLE(inherited_bytes, "inherited", "inherited-size", FIELD_BYTES, false,
	      FIELD_OF_INHERITED, "bytes alive when the process was forked"),
	{"average_bytes", "average", "average", "live bytes of a live block", FIELD_BYTES,
	 AT(live_bytes), AT(live_blocks), false, FIELD_OF_LIVE},
	{"average_alloc_bytes", NULL, "average-total", "bytes of an allocation", FIELD_BYTES,
	 AT(alloc_bytes), AT(alloc_count), false, FIELD_OF_ALLOCATED},
	{"temporary_ratio", NULL, "temporary-share", "part of the allocations that was temporary",
	 FIELD_RATIO, AT(temporary_count), AT(alloc_count), false, FIELD_OF_ALLOCATED},
	{"site_count", "sites", "sites", "call stacks behind the row", FIELD_COUNT,
	 offsetof(struct figures, site_count), FIELD_WHOLE, true, FIELD_NOT_SAMPLED},
};

const size_t field_count = sizeof(field_table) / sizeof(field_table[0]);

static int64_t figures_member(const struct figures *figures, size_t offset)
{
	int64_t value;

	memcpy(&value, (const char *)figures + offset, sizeof(value));
	return value;
}

int64_t field_divisor(const struct field *field, const struct figures *figures)
{
	return field->divisor == FIELD_WHOLE ? 1 : figures_member(figures, field->divisor);
}

int64_t field_value(const struct field *field, const struct figures *figures)
{
	int64_t value = figures_member(figures, field->offset);
	__int128 product = value;
	int64_t divisor;

	if (field->divisor == FIELD_WHOLE)
		return value;
	divisor = figures_member(figures, field->divisor);
	if (divisor == 0)
		return 0;
	if (field->unit == FIELD_RATIO)
		product *= FIELD_RATIO_ONE;
	return (int64_t)(product / divisor);
}

int64_t field_delta(const struct field *field, const struct figures *first,
		    const struct figures *last)
{
	return wrap_subtract(field_value(field, last), field_value(field, first));
}

const struct field *field_by_name(const char *name)
{
	size_t i;

	for (i = 0; i < field_count; i++)
		if (strcmp(field_table[i].name, name) == 0)
			return &field_table[i];
	return NULL;
}

static const char *name_of(const struct field *field)
{
	return field->name;
}

static const char *sort_name_of(const struct field *field)
{
	return field->sort_name;
}

static const char *label_of(const struct field *field)
{
	return field->label;
}

/*
 * Looks at one kind of name; an exact one wins over prefixes. Adds what fits to the list in @hits.
 */
static size_t find_prefix(const char *(*get)(const struct field *), const char *text, size_t bytes,
			  const struct field **first, char *hits, size_t hit_bytes)
{
	size_t i, count = 0;

	for (i = 0; i < field_count; i++) {
		const char *name = get(&field_table[i]);

		if (!name || strncmp(name, text, bytes) != 0)
			continue;
		if (count++ == 0 || name[bytes] == '\0')
			*first = &field_table[i];
		if (name[bytes] == '\0')
			return 1;
		if (strlen(hits) + strlen(name) + 3 < hit_bytes) {
			strcat(hits, *hits ? ", " : "");
			strcat(hits, name);
		}
	}
	return count;
}

static int find_span(const char *text, size_t bytes, const struct field **out, struct error *error)
{
	char hits[256] = "";
	size_t count;

	count = find_prefix(sort_name_of, text, bytes, out, hits, sizeof(hits));
	if (count == 0)
		count = find_prefix(name_of, text, bytes, out, hits, sizeof(hits));
	if (count == 0)
		count = find_prefix(label_of, text, bytes, out, hits, sizeof(hits));
	if (count == 1 && bytes > 0)
		return 0;
	if (count > 1 && bytes > 0)
		return error_set(error, -EINVAL, "column '%.*s' is ambiguous: %s", (int)bytes, text,
				 hits);
	*hits = '\0';
	(void)find_prefix(sort_name_of, "", 0, out, hits, sizeof(hits));
	return error_set(error, -EINVAL, "no column '%.*s'; there are %s", (int)bytes, text, hits);
}

int field_find(const char *text, const struct field **out, struct error *error)
{
	return find_span(text, strlen(text), out, error);
}

int field_find_list(const char *text, const struct field ***out, size_t *count, struct error *error)
{
	const struct field **list;
	size_t bytes, items = 1;
	const char *at;
	int status = 0;

	for (at = text; *at; at++)
		items += *at == ',';
	list = calloc(items, sizeof(*list));
	if (!list)
		return error_set(error, -ENOMEM, "out of memory");
	items = 0;
	for (at = text; !status; at += bytes + 1) {
		bytes = strcspn(at, ",");
		status = find_span(at, bytes, &list[items++], error);
		if (at[bytes] == '\0')
			break;
	}
	if (status) {
		free(list);
		return status;
	}
	*out = list;
	*count = items;
	return 0;
}

/*
 * struct figures is an array of int64_t by construction; copied so that no member is reached past
 * another.
 */
#define FIGURE_COUNT (sizeof(struct figures) / sizeof(int64_t))
_Static_assert(sizeof(struct figures) % sizeof(int64_t) == 0, "figures are int64_t only");

void figures_add(struct figures *sum, const struct figures *part)
{
	int64_t a[FIGURE_COUNT], b[FIGURE_COUNT];
	size_t i;

	memcpy(a, sum, sizeof(a));
	memcpy(b, part, sizeof(b));
	for (i = 0; i < FIGURE_COUNT; i++)
		a[i] = wrap_add(a[i], b[i]);
	memcpy(sum, a, sizeof(a));
}
