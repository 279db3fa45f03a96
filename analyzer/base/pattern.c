/* SPDX-License-Identifier: Apache-2.0 */
/*
 * pattern.c - globs are compiled into one step per character, regular expressions by the C library.
 *
 * The glob matcher goes back only to the last star, so its time is at most length of pattern times
 * length of text. It knows bytes, not locales.
 */
#include "base/pattern.h"

#include <errno.h>
#include <regex.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

enum step_kind {
	STEP_BYTE,
	STEP_ANY,
	STEP_SET,
	STEP_STAR,
};

struct step {
	enum step_kind kind;
	unsigned char byte;  /* STEP_BYTE */
	uint64_t members[4]; /* STEP_SET: one bit per byte value */
};

struct pattern {
	char *text; /* glob: as it was written */
	struct step *steps;
	size_t step_count;
	bool is_regex; /* regex is compiled; no steps */
	regex_t regex;
};

static void set_add_range(struct step *step, unsigned char first, unsigned char last)
{
	for (unsigned int byte = first; byte <= last; byte++)
		step->members[byte / 64] |= UINT64_C(1) << byte % 64;
}

static bool set_has(const struct step *step, unsigned char byte)
{
	return step->members[byte / 64] >> byte % 64 & 1;
}

/*
 * Reads "[...]" at text. Returns the bytes read, 0 when it begins no set: no closing bracket, or nothing
 * between them.
 */
static size_t set_parse(const char *text, struct step *step)
{
	const char *p = text + 1;
	bool is_negated = *p == '!' || *p == '^';

	p += is_negated;
	if (*p == ']' || !strchr(p, ']'))
		return 0;
	*step = (struct step){.kind = STEP_SET};
	for (; *p != ']'; p++) {
		unsigned char first = (unsigned char)*p;

		if (p[1] == '-' && p[2] != ']')
			p += 2;
		set_add_range(step, first, (unsigned char)*p);
	}
	for (size_t i = 0; is_negated && i < 4; i++)
		step->members[i] = ~step->members[i];
	return (size_t)(p - text) + 1;
}

static size_t step_parse(const char *text, struct step *step)
{
	size_t read_bytes = 1;

	*step = (struct step){.kind = STEP_BYTE, .byte = (unsigned char)*text};
	switch (*text) {
	case '*':
		step->kind = STEP_STAR;
		break;
	case '?':
		step->kind = STEP_ANY;
		break;
	case '[':
		read_bytes = set_parse(text, step);
		break;
	case '\\':
		if (text[1]) {
			step->byte = (unsigned char)text[1];
			read_bytes = 2;
		}
		break;
	}
	return read_bytes ? read_bytes : 1;
}

static bool step_takes(const struct step *step, unsigned char byte)
{
	switch (step->kind) {
	case STEP_BYTE:
		return step->byte == byte;
	case STEP_SET:
		return set_has(step, byte);
	default:
		return true;
	}
}

static bool glob_match(const struct pattern *pattern, const char *text)
{
	size_t at = 0, after_star = SIZE_MAX;
	const char *retry = NULL;

	while (*text) {
		if (at < pattern->step_count && pattern->steps[at].kind == STEP_STAR) {
			after_star = ++at;
			retry = text;
		} else if (at < pattern->step_count &&
			   step_takes(&pattern->steps[at], (unsigned char)*text)) {
			at++;
			text++;
		} else if (after_star != SIZE_MAX) {
			at = after_star;
			text = ++retry;
		} else {
			return false;
		}
	}
	while (at < pattern->step_count && pattern->steps[at].kind == STEP_STAR)
		at++;
	return at == pattern->step_count;
}

static int glob_compile(const char *text, struct pattern *pattern)
{
	pattern->text = strdup(text);
	pattern->steps = calloc(strlen(text) + 1, sizeof(*pattern->steps));
	if (!pattern->text || !pattern->steps)
		return -ENOMEM;
	while (*text)
		text += step_parse(text, &pattern->steps[pattern->step_count++]);
	return 0;
}

static int within_compile(const char *text, struct pattern *pattern)
{
	size_t length = strlen(text);
	bool is_start_tied = length > 0 && text[0] == '^';
	bool is_end_tied = length > is_start_tied && text[length - 1] == '$';
	const char *end = text + length - is_end_tied;
	struct step *step = pattern->steps = calloc(length + 2, sizeof(*step));

	if (!step)
		return -ENOMEM;
	if (!is_start_tied)
		(step++)->kind = STEP_STAR;
	for (const char *p = text + is_start_tied; p < end; p++)
		*step++ = (struct step){.kind = *p == '*' ? STEP_STAR : STEP_BYTE,
					.byte = (unsigned char)*p};
	if (!is_end_tied)
		(step++)->kind = STEP_STAR;
	pattern->step_count = (size_t)(step - pattern->steps);
	return 0;
}

/* The expression inside "re:..." or "/.../"; NULL for a glob. The caller frees it. */
static char *regex_text(const char *text, bool *is_regex)
{
	size_t length = strlen(text);

	*is_regex = true;
	if (strncmp(text, "re:", 3) == 0)
		return strdup(text + 3);
	if (length > 2 && text[0] == '/' && text[length - 1] == '/')
		return strndup(text + 1, length - 2);
	*is_regex = false;
	return NULL;
}

static int regex_compile(const char *text, struct pattern *pattern, struct error *error)
{
	char reason[256];
	int code = regcomp(&pattern->regex, text, REG_EXTENDED | REG_NOSUB);

	pattern->is_regex = code == 0;
	if (code == 0)
		return 0;
	regerror(code, &pattern->regex, reason, sizeof(reason));
	return error_set(error, code == REG_ESPACE ? -ENOMEM : -EINVAL,
			 "regular expression '%s': %s", text, reason);
}

int pattern_compile(const char *text, struct pattern **out, struct error *error)
{
	struct pattern *pattern = calloc(1, sizeof(*pattern));
	bool is_regex = false;
	char *expression = regex_text(text, &is_regex);
	int status = -ENOMEM;

	if (pattern && !is_regex)
		status = glob_compile(text, pattern);
	else if (pattern && expression)
		status = regex_compile(expression, pattern, error);
	free(expression);
	if (status == 0) {
		*out = pattern;
		return 0;
	}
	pattern_free(pattern);
	return status == -ENOMEM ? error_set(error, status, "out of memory") : status;
}

int pattern_compile_within(const char *text, struct pattern **out, struct error *error)
{
	struct pattern *pattern = calloc(1, sizeof(*pattern));

	if (!pattern || within_compile(text, pattern) != 0) {
		free(pattern);
		return error_set(error, -ENOMEM, "out of memory");
	}
	*out = pattern;
	return 0;
}

bool pattern_match(const struct pattern *pattern, const char *text)
{
	if (!text)
		return false;
	if (pattern->is_regex)
		return regexec(&pattern->regex, text, 0, NULL, 0) == 0;
	return (pattern->text && strcmp(pattern->text, text) == 0) || glob_match(pattern, text);
}

void pattern_free(struct pattern *pattern)
{
	if (!pattern)
		return;
	if (pattern->is_regex)
		regfree(&pattern->regex);
	free(pattern->steps);
	free(pattern->text);
	free(pattern);
}
