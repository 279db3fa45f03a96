/* SPDX-License-Identifier: Apache-2.0 */
/*
 * executable.c - finds out whether the loader will preload anything into a program.
 */
#include "model/executable.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "model/elf_program.h"
#include "model/executable_elf.h"
#include "model/script.h"

#define PATH_DEFAULT "/bin:/usr/bin"
#define SCRIPT_DEPTH_MAX 5 /* the kernel follows no more */

static const char *const advices[EXECUTABLE_OBSTACLE_COUNT] = {
	[EXECUTABLE_MISSING] = "check the name, or give the path of the program",
	[EXECUTABLE_NOT_EXECUTABLE] = "give the program itself, with the right to execute it",
	[EXECUTABLE_MALFORMED] = "install the program again",
	[EXECUTABLE_NO_LOADER] = "install the package that has it",
	[EXECUTABLE_STATIC] =
		"link it dynamically (without -static); only then malloc can be replaced",
	[EXECUTABLE_OTHER_MACHINE] = "use a build of it for this machine",
	[EXECUTABLE_OTHER_LIBC] = "use a build of it for glibc",
	[EXECUTABLE_PRIVILEGED] =
		"run it as the user it becomes, or trace a copy without these rights",
	[EXECUTABLE_SANITIZED] = "build it without -fsanitize=",
};

/* A way through the files from a script to its program. */
struct walk {
	void (*tell)(void *context, const struct executable_look *look); /* NULL: end early */
	void *context;
};

static enum executable_obstacle check_depth(const struct walk *walk, const char *path, int depth,
					    struct error *error);

static enum executable_obstacle report(struct error *error, enum executable_obstacle obstacle,
				       const char *path, const char *reason)
{
	(void)error_set(error, 0, "%s: %s", path, reason);
	return obstacle;
}

/* ---- finding ---- */

static enum executable_obstacle check_access(const char *path, struct error *error)
{
	struct stat status;

	if (stat(path, &status) != 0 && (errno == ENOENT || errno == ENOTDIR))
		return report(error, EXECUTABLE_MISSING, path, "no such file");
	if (faccessat(AT_FDCWD, path, X_OK, AT_EACCESS) != 0)
		return report(error, EXECUTABLE_NOT_EXECUTABLE, path,
			      errno == EACCES ? "no right to execute it" : strerror(errno));
	if (!S_ISREG(status.st_mode))
		return report(error, EXECUTABLE_NOT_EXECUTABLE, path,
			      S_ISDIR(status.st_mode) ? "is a directory" : "not a regular file");
	return EXECUTABLE_FINE;
}

static enum executable_obstacle keep_path(const char *text, char *path, struct error *error)
{
	if (strlen(text) >= PATH_MAX)
		return report(error, EXECUTABLE_MISSING, text, strerror(ENAMETOOLONG));
	(void)strcpy(path, text);
	return check_access(path, error);
}

/* An unusable file of that name is only the answer when no later directory has a usable one. */
static enum executable_obstacle search_path(const char *name, const char *search, char *path,
					    struct error *error)
{
	enum executable_obstacle worst = EXECUTABLE_MISSING, found;
	char candidate[PATH_MAX];
	struct error reason;

	(void)error_set(error, 0, "%s: no such command in PATH", name);
	for (;;) {
		size_t bytes = strcspn(search, ":");
		int length = snprintf(candidate, sizeof(candidate), "%.*s/%s", (int)bytes,
				      bytes > 0 ? search : ".", name);

		if (bytes == 0)
			length = snprintf(candidate, sizeof(candidate), "./%s", name);
		if (length > 0 && (size_t)length < sizeof(candidate)) {
			found = check_access(candidate, &reason);
			if (found == EXECUTABLE_FINE) {
				(void)strcpy(path, candidate);
				return found;
			}
			if (found != EXECUTABLE_MISSING && worst == EXECUTABLE_MISSING) {
				worst = found;
				*error = reason;
			}
		}
		if (search[bytes] == '\0')
			return worst;
		search += bytes + 1;
	}
}

enum executable_obstacle executable_find(const char *name, char *path, struct error *error)
{
	const char *search = getenv("PATH");

	if (name[0] == '\0')
		return report(error, EXECUTABLE_MISSING, "''", "no such command");
	if (strchr(name, '/') != NULL)
		return keep_path(name, path, error);
	return search_path(name, search != NULL ? search : PATH_DEFAULT, path, error);
}

/* ---- looking inside ---- */

static void tell(const struct walk *walk, const char *check, const char *path,
		 enum executable_obstacle obstacle, const char *text)
{
	const struct executable_look look = {check, path, obstacle, text};

	if (walk->tell != NULL)
		walk->tell(walk->context, &look);
}

/* What the kernel or a shell would refuse: there is nothing to look into. */
static enum executable_obstacle refuse(const struct walk *walk, struct error *error,
				       enum executable_obstacle obstacle, const char *path,
				       const char *reason)
{
	(void)report(error, obstacle, path, reason);
	tell(walk, "kind", path, obstacle, error->text);
	return obstacle;
}

static enum executable_obstacle check_elf(const struct walk *walk,
					  const struct executable_elf *file, struct error *error)
{
	enum executable_obstacle first = EXECUTABLE_FINE;

	for (size_t i = 0; i < EXECUTABLE_ELF_CHECKS; i++) {
		const struct executable_elf_check *row = &executable_elf_checks[i];
		struct error reason = {""};
		enum executable_obstacle found = row->check(file, &reason);

		tell(walk, row->name, file->path, found,
		     found == EXECUTABLE_FINE ? row->fine : reason.text);
		if (found != EXECUTABLE_FINE && first == EXECUTABLE_FINE) {
			first = found;
			*error = reason;
		}
		if (found != EXECUTABLE_FINE && (walk->tell == NULL || row->is_condition))
			break;
	}
	return first;
}

static enum executable_obstacle check_next(const struct walk *walk, const char *name,
					   enum executable_obstacle obstacle, const char *path,
					   int depth, struct error *error)
{
	if (obstacle == EXECUTABLE_FINE)
		return check_depth(walk, path, depth + 1, error);
	tell(walk, "script", name, obstacle, error->text);
	return obstacle;
}

/* Its name is a path, also without a slash. */
static enum executable_obstacle check_interpreter(const struct walk *walk, const char *name,
						  int depth, struct error *error)
{
	char path[PATH_MAX];
	enum executable_obstacle obstacle = keep_path(name, path, error);

	return check_next(walk, name, obstacle, path, depth, error);
}

static enum executable_obstacle check_found(const struct walk *walk, const char *name, int depth,
					    struct error *error)
{
	char path[PATH_MAX];
	enum executable_obstacle obstacle = executable_find(name, path, error);

	return check_next(walk, name, obstacle, path, depth, error);
}

static enum executable_obstacle check_script(const struct walk *walk, const char *path,
					     const struct script *script, int depth,
					     struct error *error)
{
	bool is_through_env = script->through_env[0] != '\0';
	char text[SCRIPT_LINE_MAX + 32];
	struct error reason;
	enum executable_obstacle obstacle;

	(void)snprintf(text, sizeof(text), "a script for %s",
		       is_through_env ? script->through_env : script->interpreter);
	tell(walk, "script", path, EXECUTABLE_FINE, text);
	obstacle = check_interpreter(walk, script->interpreter, depth, &reason);
	if (obstacle == EXECUTABLE_FINE && is_through_env)
		obstacle = check_found(walk, script->through_env, depth, &reason);
	if (obstacle == EXECUTABLE_FINE)
		return obstacle;
	(void)error_set(error, 0, "%s: a script for %s", path, reason.text);
	return obstacle == EXECUTABLE_MISSING ? EXECUTABLE_NO_LOADER : obstacle;
}

/* A text file without "#!" is handed to /bin/sh by execvp(). */
static enum executable_obstacle check_text(const struct walk *walk, const char *path, int fd,
					   int depth, struct error *error)
{
	char head[SCRIPT_LINE_MAX];
	ssize_t bytes = pread(fd, head, sizeof(head), 0);
	struct script script;
	int ret;

	if (bytes < 0)
		return refuse(walk, error, EXECUTABLE_MALFORMED, path, strerror(errno));
	ret = script_parse(head, (size_t)bytes, &script);
	if (ret == 0)
		return check_script(walk, path, &script, depth, error);
	if (ret == -EBADMSG || memchr(head, '\0', (size_t)bytes) != NULL)
		return refuse(walk, error, EXECUTABLE_MALFORMED, path,
			      "neither a program nor a script");
	script = (struct script){"/bin/sh", ""};
	return check_script(walk, path, &script, depth, error);
}

static enum executable_obstacle check_depth(const struct walk *walk, const char *path, int depth,
					    struct error *error)
{
	enum executable_obstacle obstacle;
	struct elf_program program;
	int fd, ret;

	if (depth > SCRIPT_DEPTH_MAX)
		return refuse(walk, error, EXECUTABLE_MALFORMED, path,
			      "scripts for scripts without end");
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0 && errno == EACCES) {
		/* may be executed but not looked at: the kernel decides */
		tell(walk, "unreadable", path, EXECUTABLE_FINE, "may be executed, but not read");
		return EXECUTABLE_FINE;
	}
	if (fd < 0)
		return refuse(walk, error, EXECUTABLE_MISSING, path, strerror(errno));
	ret = elf_program_read(fd, &program);
	if (ret == 0)
		obstacle = check_elf(walk, &(struct executable_elf){path, fd, &program}, error);
	else if (ret == -ENOEXEC)
		obstacle = check_text(walk, path, fd, depth, error);
	else
		obstacle = refuse(walk, error, EXECUTABLE_MALFORMED, path,
				  ret == -EBADMSG ? "a damaged ELF file" : strerror(-ret));
	(void)close(fd);
	return obstacle;
}

enum executable_obstacle executable_check(const char *path, struct error *error)
{
	const struct walk walk = {NULL, NULL};

	return check_depth(&walk, path, 0, error);
}

void executable_examine(const char *path,
			void (*told)(void *context, const struct executable_look *look),
			void *context)
{
	const struct walk walk = {told, context};
	struct error error;

	(void)check_depth(&walk, path, 0, &error);
}

const char *executable_advice(enum executable_obstacle obstacle)
{
	return advices[obstacle];
}
