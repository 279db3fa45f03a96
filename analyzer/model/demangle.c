/* SPDX-License-Identifier: Apache-2.0 */
/*
 * demangle.c - picks the language by the name's prefix and lets libiberty do the reading.
 */
#include "model/demangle.h"

#include <ctype.h>
#include <libiberty/demangle.h>
#include <stdlib.h>
#include <string.h>

/* Longer names are left as they are: the time and the text that one can expand to have no bound. */
#define DEMANGLE_NAME_MAX 16384

struct language {
	const char *prefix;
	int options;
};

static const struct language languages[] = {
	{"_Z",
	 DMGL_AUTO | DMGL_PARAMS | DMGL_ANSI | DMGL_RET_DROP}, /* C++, and Rust's legacy scheme */
	{"__Z", DMGL_AUTO | DMGL_PARAMS | DMGL_ANSI | DMGL_RET_DROP}, /* one underscore more */
	{"_R", DMGL_RUST},
	{"_D", DMGL_DLANG | DMGL_PARAMS},
};

/* What compilers append to the names of parts and copies of functions. */
struct clone_suffix {
	const char *word;
	bool needs_number; /* other languages use the bare word as a name */
};

static const struct clone_suffix clone_suffixes[] = {
	{"cold", false},  {"warm", false},     {"localalias", false}, {"part", true},
	{"isra", true},	  {"constprop", true}, {"clone", true},	      {"lto_priv", true},
	{"__uniq", true}, {"llvm", true},
};

static const struct language *language_of(const char *name)
{
	for (size_t i = 0; i < sizeof(languages) / sizeof(languages[0]); i++)
		if (strncmp(name, languages[i].prefix, strlen(languages[i].prefix)) == 0)
			return &languages[i];
	return NULL;
}

static size_t number_length(const char *p)
{
	size_t length = 1;

	if (p[0] != '.' || !isxdigit((unsigned char)p[1]))
		return 0;
	while (isxdigit((unsigned char)p[length]))
		length++;
	return length;
}

/* Length of the suffix at p, which begins with '.'; 0 if it is none. */
static size_t clone_suffix_length(const char *p)
{
	for (size_t i = 0; i < sizeof(clone_suffixes) / sizeof(clone_suffixes[0]); i++) {
		size_t word = strlen(clone_suffixes[i].word), number;

		if (strncmp(p + 1, clone_suffixes[i].word, word) != 0)
			continue;
		number = number_length(p + 1 + word);
		if (number == 0 && clone_suffixes[i].needs_number)
			continue;
		if (p[1 + word + number] == '\0' || p[1 + word + number] == '.')
			return 1 + word + number;
	}
	return 0;
}

/* Cuts "@VERSION" and a chain of clone suffixes that reaches the end. */
static void suffixes_cut(char *name)
{
	char *version = strchr(name + 1, '@');

	if (version)
		*version = '\0';
	for (char *dot = strchr(name + 1, '.'); dot; dot = strchr(dot + 1, '.')) {
		const char *p = dot;
		size_t length;

		while (*p && (length = clone_suffix_length(p)) > 0)
			p += length;
		if (!*p) {
			*dot = '\0';
			return;
		}
	}
}

bool demangle_is_mangled(const char *linkage_name)
{
	return language_of(linkage_name) != NULL;
}

char *demangle_name(const char *linkage_name)
{
	char *name = strdup(linkage_name), *text = NULL;
	const struct language *language = language_of(linkage_name);

	if (!name || !*name)
		return name;
	suffixes_cut(name);
	if (language && strlen(name) <= DEMANGLE_NAME_MAX)
		text = cplus_demangle(name + (strncmp(name, "__Z", 3) == 0), language->options);
	if (!text)
		return name;
	free(name);
	return text;
}
