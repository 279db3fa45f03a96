/* SPDX-License-Identifier: Apache-2.0 */
/*
 * script.c - which program a script's first line starts, seen through env(1).
 */
#include "model/script.h"

#include <errno.h>
#include <stdbool.h>
#include <string.h>

static bool is_blank(char c)
{
	return c == ' ' || c == '\t';
}

static char *skip_blanks(char *text)
{
	while (is_blank(*text))
		text++;
	return text;
}

static char *skip_word(char *text)
{
	while (*text != '\0' && !is_blank(*text))
		text++;
	return text;
}

static const char *base_name(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash != NULL ? slash + 1 : path;
}

/* Options of env that take the next word as their value. */
static bool takes_a_word(const char *option)
{
	return strcmp(option, "-u") == 0 || strcmp(option, "--unset") == 0 ||
	       strcmp(option, "-C") == 0 || strcmp(option, "--chdir") == 0;
}

/*
 * The kernel hands all that follows the interpreter to env as one word; with -S env splits it itself,
 * else that one word is the program's name.
 */
static void find_through_env(char *words, char *out)
{
	bool is_split = strncmp(words, "-S", 2) == 0 || strncmp(words, "--split-string=", 15) == 0;
	char *end;

	if (is_split)
		words = skip_blanks(words + (words[1] == 'S' ? 2 : 15));
	while (is_split && *words != '\0') {
		bool is_operand, is_pair;

		end = skip_word(words);
		if (*end != '\0')
			*end++ = '\0';
		is_operand = words[0] != '-';
		is_pair = takes_a_word(words);
		if (is_operand && strchr(words, '=') == NULL)
			break;
		words = skip_blanks(end);
		if (is_pair)
			words = skip_blanks(skip_word(words));
	}
	if (words[0] != '-')
		(void)strcpy(out, words);
}

int script_parse(const char *text, size_t bytes, struct script *out)
{
	char line[SCRIPT_LINE_MAX + 1] = "";
	char *interpreter, *argument, *end;

	*out = (struct script){"", ""};
	if (bytes < 2 || memcmp(text, "#!", 2) != 0)
		return -ENOEXEC;
	bytes = (bytes < SCRIPT_LINE_MAX ? bytes : SCRIPT_LINE_MAX) - 2;
	(void)memcpy(line, text + 2, bytes);
	line[strcspn(line, "\n")] = '\0';
	end = line + strlen(line);
	while (end > line && is_blank(end[-1]))
		*--end = '\0';
	interpreter = skip_blanks(line);
	if (*interpreter == '\0')
		return -EBADMSG;
	end = skip_word(interpreter);
	argument = skip_blanks(end);
	*end = '\0';
	(void)strcpy(out->interpreter, interpreter);
	if (strcmp(base_name(interpreter), "env") == 0)
		find_through_env(argument, out->through_env);
	return 0;
}
