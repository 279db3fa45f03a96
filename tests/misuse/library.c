/* SPDX-License-Identifier: Apache-2.0 */
/*
 * library.c - functions of libc that allocate, used wrongly.
 */
#include <alloca.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <glob.h>
#include <obstack.h>
#include <regex.h>
#include <search.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <wchar.h>

#include "misuse.h"

#define obstack_chunk_alloc malloc
#define obstack_chunk_free free

static void strdup_freed_twice(void)
{
	char *text = strdup("some text that is long enough");

	free(text);
	free(hide(text));
}

static void strdup_overrun(void)
{
	char *text = strdup("short"), *other = strdup("other");

	strcat(hide(text), " and then more than there is room for in it");
	say("%s", text);
	free(other);
	free(text);
}

static void strndup_of_zero(void)
{
	char *text = strndup("abc", 0);

	say("%zu", strlen(text));
	free(text);
	free(hide(text));
}

static void getline_into_a_stack_buffer(void)
{
	char buffer[8], *line = hide(buffer);
	size_t room = sizeof(buffer);
	FILE *file = tmpfile();

	(void)fputs("a line that is longer than eight bytes\n", file);
	rewind(file);
	say("%zd", getline(&line, &room, file));
}

static void getline_with_a_wrong_room(void)
{
	char *line = hide(malloc(4));
	size_t room = 1000;
	FILE *file = tmpfile();

	(void)fprintf(file, "%0100d\n", 7);
	rewind(file);
	say("%zd", getline(&line, &room, file));
	free(hide(line));
	free(filled(24, 'a'));
}

static void getline_freed_twice(void)
{
	char *line = NULL;
	size_t room = 0;
	FILE *file = tmpfile();

	(void)fputs("text\n", file);
	rewind(file);
	(void)getline(&line, &room, file);
	free(line);
	free(hide(line));
}

static void asprintf_freed_inside(void)
{
	char *text = NULL;

	say("%d", asprintf(&text, "%s %d", "text", 5));
	free(hide(text + 1));
}

static void asprintf_overrun(void)
{
	char *text = NULL, *other;

	(void)asprintf(&text, "%d", 5);
	other = filled(24, 'b');
	memset(hide(text), 'x', 40);
	free(hide(other));
	free(hide(text));
}

static void close_twice(void)
{
	FILE *file = fopen("/dev/null", "r");

	(void)fclose(file);
	(void)fclose(hide(file));
}

static void use_closed(void)
{
	FILE *file = fopen("file", "w");

	(void)fputs("text", file);
	(void)fclose(file);
	say("%d", fputc('x', hide(file)) == 'x');
}

static void close_folder_twice(void)
{
	DIR *folder = opendir("/");

	(void)closedir(folder);
	(void)closedir(hide(folder));
}

static void memory_stream_freed_too_early(void)
{
	char *text = NULL;
	size_t bytes = 0;
	FILE *file = open_memstream(&text, &bytes);

	(void)fputs("text", file);
	(void)fflush(file);
	free(hide(text));
	(void)fclose(file);
	say("%zu", bytes);
	free(hide(text));
}

static void buffer_of_a_stream_freed(void)
{
	char *buffer = filled(64, 'a');
	FILE *file = fopen("file", "w");

	(void)setvbuf(file, buffer, _IOFBF, 64);
	(void)fputs("text", file);
	free(hide(buffer));
	(void)filled(64, 'b');
	(void)fclose(file);
}

static void environment_freed(void)
{
	char *text = strdup("NAME=value");

	(void)putenv(hide(text));
	free(hide(text));
	(void)filled(11, 'x');
	say("%d", getenv("NAME") == NULL);
	(void)setenv("OTHER", "value", 1);
	say("%s", getenv("OTHER"));
}

static void regex_freed_twice(void)
{
	regex_t regex;

	say("%d", regcomp(&regex, "a\\(b*\\)c", 0));
	regfree(&regex);
	regfree(&regex);
}

static void glob_freed_twice(void)
{
	glob_t found;

	say("%d", glob("/et*", 0, NULL, &found));
	globfree(&found);
	globfree(&found);
}

static void hash_destroyed_twice(void)
{
	say("%d", hcreate(10));
	hdestroy();
	hdestroy();
}

static void nothing(void *node)
{
	(void)node;
}

static int compare(const void *a, const void *b)
{
	return strcmp(a, b);
}

static void tree_destroyed_twice(void)
{
	void *root = NULL, *kept;

	(void)tsearch("key", &root, compare);
	kept = hide(root);
	tdestroy(root, nothing);
	tdestroy(kept, nothing);
}

static void obstack_object_freed(void)
{
	struct obstack stack;
	char *object;

	obstack_init(&stack);
	object = obstack_copy0(&stack, "text", 4);
	free(hide(object));
}

static void obstack_freed_twice(void)
{
	struct obstack stack;

	obstack_init(&stack);
	(void)obstack_alloc(&stack, (size_t)10000);
	obstack_free(&stack, NULL);
	obstack_free(&stack, NULL);
}

static void obstack_used_after_free(void)
{
	struct obstack stack;
	char *object;

	obstack_init(&stack);
	object = obstack_copy0(&stack, "first", 5);
	obstack_free(&stack, object);
	say("%s", (char *)hide(obstack_copy0(&stack, "second", 6)));
	say("%s", (char *)hide(object));
}

static void alloca_freed(void)
{
	free(hide(alloca(100)));
}

static void wide_text_overrun(void)
{
	wchar_t *text = hide(wcsdup(L"text")), *other = hide(wcsdup(L"other"));

	wcscat(text, L" and more of it");
	free(other);
	free(text);
}

static void path_into_too_little(void)
{
	char *path = hide(realpath("/etc/../etc/passwd", NULL));

	say("%s", path);
	free(path);
	free(hide(path));
}

static void directory_freed_twice(void)
{
	char *path = getcwd(NULL, 0);

	free(path);
	free(hide(path));
}

const struct misuse_case library_cases[] = {
	CASE(strdup_freed_twice),
	CASE(strdup_overrun),
	CASE(strndup_of_zero),
	CASE(getline_into_a_stack_buffer),
	CASE(getline_with_a_wrong_room),
	CASE(getline_freed_twice),
	CASE(asprintf_freed_inside),
	CASE(asprintf_overrun),
	CASE(close_twice),
	CASE(use_closed),
	CASE(close_folder_twice),
	CASE(memory_stream_freed_too_early),
	CASE(buffer_of_a_stream_freed),
	CASE(environment_freed),
	CASE(regex_freed_twice),
	CASE(glob_freed_twice),
	CASE(hash_destroyed_twice),
	CASE(tree_destroyed_twice),
	CASE(obstack_object_freed),
	CASE(obstack_freed_twice),
	CASE(obstack_used_after_free),
	CASE(alloca_freed),
	CASE(wide_text_overrun),
	CASE(path_into_too_little),
	CASE(directory_freed_twice),
	END,
};
