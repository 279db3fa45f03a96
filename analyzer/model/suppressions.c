/* SPDX-License-Identifier: Apache-2.0 */
/*
 * suppressions.c - reads suppression files and finds what fits a stack.
 */
#include "model/suppressions.h"

#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/pattern.h"
#include "base/wrap.h"

#define PREFIX "leak:"

static int add_pattern(struct suppressions *suppressions, const char *text, struct error *error)
{
	struct suppression added = {0};
	struct suppression *list;
	int status;

	list = realloc(suppressions->list, (suppressions->count + 1) * sizeof(*list));
	if (!list)
		return error_set(error, -ENOMEM, "out of memory");
	suppressions->list = list;
	status = pattern_compile_within(text, &added.pattern, error);
	if (status)
		return status;
	added.text = strdup(text);
	if (!added.text) {
		pattern_free(added.pattern);
		return error_set(error, -ENOMEM, "out of memory");
	}
	list[suppressions->count++] = added;
	return 0;
}

static int parse_line(struct suppressions *suppressions, const char *name, size_t number,
		      char *line, struct error *error)
{
	size_t bytes = strlen(line);

	while (bytes > 0 && isspace((unsigned char)line[bytes - 1]))
		line[--bytes] = '\0';
	while (isspace((unsigned char)*line))
		line++;
	if (*line == '\0' || *line == '#')
		return 0;
	if (strncmp(line, PREFIX, strlen(PREFIX)) != 0 || line[strlen(PREFIX)] == '\0')
		return error_set(error, -EINVAL, "%s:%zu: expected '" PREFIX "PATTERN', found '%s'",
				 name, number, line);
	return add_pattern(suppressions, line + strlen(PREFIX), error);
}

int suppressions_parse(struct suppressions *suppressions, const char *name, const char *text,
		       struct error *error)
{
	char *copy = strdup(text);
	char *line, *next = copy;
	size_t number = 0;
	int status = 0;

	if (!copy)
		return error_set(error, -ENOMEM, "out of memory");
	while (!status && (line = strsep(&next, "\n")) != NULL)
		status = parse_line(suppressions, name, ++number, line, error);
	free(copy);
	return status;
}

int suppressions_load(struct suppressions *suppressions, const char *path, struct error *error)
{
	FILE *file = fopen(path, "re");
	char *text = NULL;
	size_t capacity = 0;
	ssize_t bytes;
	int status = 0;

	if (!file)
		return error_set(error, -errno, "%s: %s", path, strerror(errno));
	bytes = getdelim(&text, &capacity, '\0', file);
	if (ferror(file))
		status = error_set(error, -EIO, "%s: %s", path, strerror(errno));
	else if (bytes > 0 && text[bytes - 1] == '\0')
		status = error_set(error, -EINVAL, "%s: not a text file", path);
	else if (bytes > 0)
		status = suppressions_parse(suppressions, path, text, error);
	free(text);
	(void)fclose(file);
	return status;
}

void suppressions_fini(struct suppressions *suppressions)
{
	size_t i;

	for (i = 0; i < suppressions->count; i++) {
		pattern_free(suppressions->list[i].pattern);
		free(suppressions->list[i].text);
	}
	free(suppressions->list);
	*suppressions = (struct suppressions){0};
}

static bool frame_fits(const struct pattern *pattern, const struct frame *frame)
{
	return pattern_match(pattern, frame->function) ||
	       pattern_match(pattern, frame->linkage_name) || pattern_match(pattern, frame->file) ||
	       pattern_match(pattern, frame->module);
}

static bool stack_fits(const struct pattern *pattern, const struct stack *stack)
{
	size_t i;

	for (i = 0; i < stack->count; i++)
		if (frame_fits(pattern, stack->frames[i]))
			return true;
	return false;
}

struct suppression *suppressions_match(const struct suppressions *suppressions,
				       const struct stack *stack)
{
	size_t i;

	for (i = 0; i < suppressions->count; i++)
		if (stack_fits(suppressions->list[i].pattern, stack))
			return &suppressions->list[i];
	return NULL;
}

bool suppressions_count(struct suppressions *suppressions, const struct stack *stack,
			const struct counters *counters)
{
	struct suppression *hit = suppressions_match(suppressions, stack);

	if (!hit)
		return false;
	hit->live_bytes = wrap_add(hit->live_bytes, counters->live_bytes);
	hit->live_blocks = wrap_add(hit->live_blocks, counters->live_blocks);
	hit->site_count++;
	return true;
}
