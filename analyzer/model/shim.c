/* SPDX-License-Identifier: Apache-2.0 */
/*
 * shim.c - finds what has to be preloaded.
 */
#include "model/shim.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "memtrace/env.h"
#include "model/elf_program.h"

/* Below the folder of this program: the build tree, all in one folder, the installation, moved or not. */
static const char *const shim_folders[] = {
	"../preload",
	".",
	("../" MEMTRACE_LIBDIR),
	MEMTRACE_LIBDIR_WHOLE,
};

/* File names of the versions that exist, best first. */
static const struct {
	const char *name;
	const char *files[6];
} allocators[] = {
	{"jemalloc", {"libjemalloc.so.2", "libjemalloc.so.1", "libjemalloc.so"}},
	{"tcmalloc",
	 {"libtcmalloc_minimal.so.4", "libtcmalloc.so.4", "libtcmalloc_minimal.so",
	  "libtcmalloc.so"}},
	{"mimalloc",
	 {"libmimalloc.so.2", "libmimalloc.so.2.0", "libmimalloc.so.3", "libmimalloc.so.1",
	  "libmimalloc.so"}},
};

static const char *const library_folders[] = {
	MEMTRACE_SYSTEM_LIBDIR, "/usr/local/lib", "/usr/lib64", "/lib64", "/usr/lib", "/lib",
};

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

/* The loader splits LD_PRELOAD at both and knows no quoting. */
static int check_separators(const char *path, struct error *error)
{
	if (strpbrk(path, ": ") == NULL)
		return 0;
	return error_set(error, -EINVAL,
			 "%s: a path with a space or colon cannot be preloaded; move or install it "
			 "elsewhere",
			 path);
}

static bool find_in(const char *folder, const char *file, char *path)
{
	char candidate[PATH_MAX];
	int length = snprintf(candidate, sizeof(candidate), "%s/%s", folder, file);

	return length > 0 && (size_t)length < sizeof(candidate) && access(candidate, R_OK) == 0 &&
	       realpath(candidate, path) != NULL;
}

int shim_find(char *path, struct error *error)
{
	char self[PATH_MAX], folder[PATH_MAX];
	ssize_t length = readlink("/proc/self/exe", self, sizeof(self) - 1);
	char *slash;

	if (length < 0)
		return error_set(error, -errno, "/proc/self/exe: %s", strerror(errno));
	self[length] = '\0';
	slash = strrchr(self, '/');
	if (slash != NULL)
		*slash = '\0';
	for (size_t i = 0; i < COUNT(shim_folders); i++) {
		bool is_absolute = shim_folders[i][0] == '/';
		int bytes = snprintf(folder, sizeof(folder), "%s%s%s", is_absolute ? "" : self,
				     is_absolute ? "" : "/", shim_folders[i]);

		if (bytes > 0 && (size_t)bytes < sizeof(folder) &&
		    find_in(folder, MT_SHIM_NAME, path))
			return check_separators(path, error);
	}
	return error_set(error, -ENOENT, "%s not found beside %s nor in %s", MT_SHIM_NAME, self,
			 MEMTRACE_LIBDIR_WHOLE);
}

/* Also where the user's own libraries are. */
static bool find_in_library_path(const char *file, char *path)
{
	const char *search = getenv("LD_LIBRARY_PATH");
	char folder[PATH_MAX];

	while (search != NULL && *search != '\0') {
		size_t bytes = strcspn(search, ":;");

		if (bytes > 0 && bytes < sizeof(folder)) {
			(void)memcpy(folder, search, bytes);
			folder[bytes] = '\0';
			if (find_in(folder, file, path))
				return true;
		}
		search += bytes + (search[bytes] != '\0');
	}
	return false;
}

static bool find_library(const char *file, char *path)
{
	if (find_in_library_path(file, path))
		return true;
	for (size_t i = 0; i < COUNT(library_folders); i++)
		if (find_in(library_folders[i], file, path))
			return true;
	return false;
}

int shim_find_allocator(const char *name, char *path, struct error *error)
{
	if (strchr(name, '/') != NULL) {
		if (realpath(name, path) == NULL)
			return error_set(error, -ENOENT, "%s: %s", name, strerror(errno));
		return check_separators(path, error);
	}
	for (size_t i = 0; i < COUNT(allocators); i++) {
		if (strcmp(name, allocators[i].name) != 0)
			continue;
		for (size_t j = 0; allocators[i].files[j] != NULL; j++)
			if (find_library(allocators[i].files[j], path))
				return check_separators(path, error);
		return error_set(error, -ENOENT, "%s is not installed: no %s found", name,
				 allocators[i].files[0]);
	}
	return error_set(error, -EINVAL,
			 "expected jemalloc, tcmalloc, mimalloc or a path, found '%s'", name);
}

static bool needs_cxx(const char *path)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	struct elf_program file;
	bool result;

	if (fd < 0)
		return false;
	result = elf_program_read(fd, &file) == 0 && file.has_cxx;
	(void)close(fd);
	return result;
}

bool shim_puts_cxx_first(const char *allocator, const char *program)
{
	return needs_cxx(allocator) || needs_cxx(program);
}
