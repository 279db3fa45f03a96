/* SPDX-License-Identifier: Apache-2.0 */
/*
 * names.c - where the files of this process go.
 */
#define _GNU_SOURCE
#include "names.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "os.h"
#include "text.h"

#define NAMES_TRIES 1000u

/* Start time in clock ticks since boot: the 20th word behind the program's name in parentheses. */
static uint64_t names_start_ticks(void)
{
	char text[1024];
	uint64_t ticks = 0;
	const char *p;

	if (os_read_file("/proc/self/stat", text, sizeof(text)) <= 0)
		return 0;
	p = strrchr(text, ')');
	for (int word = 0; p != NULL && word < 20; word++)
		p = strchr(p + 1, ' ');
	if (p == NULL)
		return 0;
	for (p++; *p >= '0' && *p <= '9'; p++)
		ticks = ticks * 10 + (uint64_t)(*p - '0');
	return ticks;
}

static void names_find_directory(struct names *names)
{
	/* a removed one has no path, one outside the root a strange one: neither may end up as "/" */
	if (os_getcwd(names->directory, sizeof(names->directory)) < 0 || names->directory[0] != '/')
		strcpy(names->directory, "/tmp");
}

void names_init(struct names *names, const struct options *options)
{
	struct text text;

	os_executable(names->executable, sizeof(names->executable));
	names_find_directory(names);
	text_init(&text, names->program, sizeof(names->program));
	text_add(&text, text_base_name(names->executable));
	if (names->program[0] == '\0')
		text_add(&text, "unknown");
	names->start_ticks = names_start_ticks();
	/* a forked child goes on in the session that its parent has begun */
	if (names->session[0] == '\0') {
		strcpy(names->session, options->session);
		names->session_pid = options->session_pid;
		names->session_start_ticks = options->session_start_ticks;
	}
	names->is_first =
		names->session[0] == '\0' || (names->session_pid == (uint64_t)os_getpid() &&
					      names->session_start_ticks == names->start_ticks);
}

void names_after_fork(struct names *names)
{
	names_find_directory(names);
	names->start_ticks = names_start_ticks();
	names->is_first = false;
}

static void names_add_host(struct text *text)
{
	struct utsname host;

	if (uname(&host) == 0)
		text_add_bytes(text, host.nodename, strcspn(host.nodename, "/"));
}

/* %e program, %p pid, %h host, %t seconds since 1970, %n attempt, %% itself. */
static void names_expand(const struct names *names, const char *pattern, uint32_t attempt,
			 struct text *text)
{
	for (; *pattern != '\0'; pattern++) {
		if (*pattern != '%' || pattern[1] == '\0') {
			text_add_bytes(text, pattern, 1);
			continue;
		}
		switch (*++pattern) {
		case 'e':
			text_add(text, names->program);
			break;
		case 'p':
			text_add_number(text, (uint64_t)os_getpid());
			break;
		case 'h':
			names_add_host(text);
			break;
		case 't':
			text_add_number(text, os_realtime_ns() / 1000000000u);
			break;
		case 'n':
			text_add_number(text, attempt);
			break;
		default:
			text_add_bytes(text, pattern, 1);
		}
	}
}

static void names_add_absolute(const struct names *names, struct text *text, const char *path)
{
	if (path[0] != '/') {
		text_add(text, names->directory);
		text_add(text, "/");
	}
	text_add(text, path);
}

static void names_add_default(struct text *text, const struct names *names, uint32_t attempt)
{
	text_add(text, "/");
	text_add(text, names->program);
	text_add(text, ".");
	text_add_number(text, (uint64_t)os_getpid());
	if (attempt > 0) {
		text_add(text, ".");
		text_add_number(text, attempt);
	}
	text_add(text, ".snap");
}

static bool names_is_directory(const char *path)
{
	int fd = os_open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC, 0);

	if (fd < 0)
		return false;
	(void)os_close(fd);
	return true;
}

/* Folders for the first process, in the order in which they are tried. */
static const char *names_first_folder(const struct names *names, const struct options *options,
				      uint32_t place)
{
	const char *temporary = options_environment("TMPDIR");

	/* the caller of a program that has more rights than he must not choose where it writes */
	if (options->is_secure)
		return "/tmp";
	switch (place) {
	case 0:
		return names->directory;
	case 1:
		return temporary != NULL && temporary[0] == '/' ? temporary : "/tmp";
	default:
		return "/tmp";
	}
}

/* file.snap -> file.1.snap, so that it is still found by its ending. */
static void names_add_number(struct text *text, uint32_t number)
{
	static const char ending[] = ".snap";
	bool has_ending = text->used > sizeof(ending) &&
			  text_equal(text->data + text->used - strlen(ending), ending);

	if (has_ending)
		text->used -= strlen(ending);
	text_add(text, ".");
	text_add_number(text, number);
	if (has_ending)
		text_add(text, ending);
}

static bool names_first(const struct names *names, const struct options *options, uint32_t attempt,
			char path[OPTIONS_PATH_MAX])
{
	const char *out = options->live[0] != '\0' ? options->live : options->out;
	struct text text;
	bool has_number;

	text_init(&text, path, OPTIONS_PATH_MAX);
	if (out[0] == '\0') {
		/* each folder with the plain name first, then with numbers */
		text_add(&text, names_first_folder(names, options, attempt % 3));
		names_add_default(&text, names, attempt / 3);
		return !text.is_cut && attempt < 3 * NAMES_TRIES;
	}
	names_add_absolute(names, &text, out);
	if (names_is_directory(path)) {
		names_add_default(&text, names, attempt);
		return !text.is_cut && attempt < NAMES_TRIES;
	}
	text_init(&text, path, OPTIONS_PATH_MAX);
	has_number = strstr(out, "%n") != NULL;
	if (out[0] != '/') {
		text_add(&text, names->directory);
		text_add(&text, "/");
	}
	names_expand(names, out, attempt, &text);
	if (attempt > 0 && !has_number)
		names_add_number(&text, attempt);
	return !text.is_cut && attempt < NAMES_TRIES;
}

/* To a folder that the program's mask has left without. Not by its name, which may be that of another one by now. */
static bool names_give_rights(int fd)
{
	char path[40];
	struct text text;

	text_init(&text, path, sizeof(path));
	text_add(&text, "/proc/self/fd/");
	text_add_number(&text, (uint64_t)fd);
	return os_chmod_path(path, 0700) == 0;
}

/* The folder is used only if it is ours and nobody else may write to it. */
static bool names_make_folder(const char *path)
{
	struct stat info;
	int fd;
	bool is_ours;

	(void)os_mkdir(path, 0700);
	fd = os_open(path, O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC, 0);
	if (fd < 0)
		return false;
	is_ours = os_stat(fd, &info) == 0 && info.st_uid == geteuid() &&
		  (info.st_mode & 022) == 0 &&
		  ((info.st_mode & 0700) == 0700 || names_give_rights(fd));
	(void)os_close(fd);
	return is_ours;
}

bool names_try(struct names *names, const struct options *options, uint32_t attempt,
	       char path[OPTIONS_PATH_MAX])
{
	struct text text;
	size_t length = strlen(names->session);

	text_init(&text, path, OPTIONS_PATH_MAX);
	if (names->is_first && length > 2 && attempt == 0) {
		text_add_bytes(&text, names->session, length - 2); /* without ".d" */
		return true;
	}
	if (names->is_first && length == 0)
		return names_first(names, options, attempt, path);
	/* an image that the first process has exec'd, or another process */
	names->is_first = false;
	if (!names_make_folder(names->session))
		return false;
	text_add(&text, names->session);
	names_add_default(&text, names, attempt);
	return !text.is_cut && attempt < NAMES_TRIES;
}

void names_set_session(struct names *names, const char *path)
{
	struct text text;

	if (names->session[0] != '\0')
		return;
	text_init(&text, names->session, sizeof(names->session));
	text_add(&text, path);
	text_add(&text, ".d");
	names->session_pid = (uint64_t)os_getpid();
	names->session_start_ticks = names->start_ticks;
}

bool names_first_file(const struct names *names, char path[OPTIONS_PATH_MAX])
{
	size_t length = strlen(names->session);
	struct text text;

	if (names->is_first || length <= 2)
		return false;
	text_init(&text, path, OPTIONS_PATH_MAX);
	text_add_bytes(&text, names->session, length - 2); /* without ".d" */
	return true;
}
