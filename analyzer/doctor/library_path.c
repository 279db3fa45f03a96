/* SPDX-License-Identifier: Apache-2.0 */
/*
 * library_path.c - which file the loader will take for a library, without loading anything.
 */
#include "doctor/library_path.h"

#include <elf.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/auxv.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#define CACHE_FILE "/etc/ld.so.cache"
#define CACHE_MAGIC "glibc-ld.so.cache1.1"

#if defined(__x86_64__)
#define CACHE_FLAGS_OURS 0x0303 /* ELF of libc 6, x86-64 */
#define MACHINE_OURS EM_X86_64
#else
#define CACHE_FLAGS_OURS 0x0a03 /* ELF of libc 6, AArch64 */
#define MACHINE_OURS EM_AARCH64
#endif

static const char default_folders[] =
	MEMTRACE_SYSTEM_LIBDIR ":/lib64:/usr/lib64:/lib:/usr/lib:/usr/local/lib";

/* Layout of the cache as glibc 2.2 and later write it, in the byte order of the machine. */
struct cache_head {
	char magic[20];
	uint32_t count;
	uint32_t string_bytes;
	uint32_t unused[5];
};

struct cache_entry {
	int32_t flags;
	uint32_t name, path; /* offsets from the start of the file */
	uint32_t os_version;
	uint64_t capabilities; /* 0: for every processor */
};

static bool is_for_another_machine(int fd)
{
	Elf64_Ehdr head;

	return pread(fd, &head, sizeof(head), 0) == (ssize_t)sizeof(head) &&
	       memcmp(head.e_ident, ELFMAG, SELFMAG) == 0 &&
	       (head.e_ident[EI_CLASS] != ELFCLASS64 || head.e_machine != MACHINE_OURS);
}

/* What the loader would take, or stop at because it is damaged. */
static bool is_library(const char *path)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	struct stat status;
	bool is_ours;

	if (fd < 0)
		return false;
	is_ours = fstat(fd, &status) == 0 && S_ISREG(status.st_mode) && !is_for_another_machine(fd);
	(void)close(fd);
	return is_ours;
}

/* What stands for a folder in the lists of a file. */
enum token { TOKEN_ORIGIN, TOKEN_LIB, TOKEN_PLATFORM, TOKEN_COUNT };

struct token_values {
	char origin[PATH_MAX];
	const char *texts[TOKEN_COUNT];
};

static const char *const tokens[TOKEN_COUNT][2] = {
	[TOKEN_ORIGIN] = {"$ORIGIN", "${ORIGIN}"},
	[TOKEN_LIB] = {"$LIB", "${LIB}"},
	[TOKEN_PLATFORM] = {"$PLATFORM", "${PLATFORM}"},
};

/* The kernel tells the program where it really lies; a library lies where it was found. */
static void set_values(const struct doctor_files *files, size_t asker, struct token_values *values)
{
	const char *path = files->files[asker].path;
	const char *platform = (const char *)getauxval(AT_PLATFORM);
	char *slash;

	if (asker != 0 || realpath(path, values->origin) == NULL)
		(void)snprintf(values->origin, sizeof(values->origin), "%s", path);
	slash = strrchr(values->origin, '/');
	if (slash != NULL)
		slash[slash == values->origin] = '\0';
	values->texts[TOKEN_ORIGIN] = values->origin;
	values->texts[TOKEN_LIB] = &MEMTRACE_SYSTEM_LIBDIR[sizeof("/usr/") - 1];
	values->texts[TOKEN_PLATFORM] = platform != NULL ? platform : "";
}

/* Bytes of the token that text begins with; 0 = none. */
static size_t find_token(const char *text, size_t bytes, enum token *token)
{
	for (int i = 0; i < TOKEN_COUNT; i++)
		for (int j = 0; j < 2; j++) {
			size_t length = strlen(tokens[i][j]);

			*token = (enum token)i;
			if (bytes >= length && strncmp(text, tokens[i][j], length) == 0)
				return length;
		}
	return 0;
}

/* Return: whether it fits into PATH_MAX. */
static bool expand(const char *text, size_t bytes, const struct token_values *values, char *out)
{
	size_t used = 0;

	for (size_t i = 0; i < bytes;) {
		enum token token;
		size_t length = find_token(text + i, bytes - i, &token);
		const char *from = length > 0 ? values->texts[token] : text + i;
		size_t more = length > 0 ? strlen(from) : 1;

		if (used + more >= PATH_MAX)
			return false;
		(void)memcpy(out + used, from, more);
		used += more;
		i += length > 0 ? length : 1;
	}
	out[used] = '\0';
	return true;
}

/* An empty place in a list is the working directory, an empty list is none. */
static bool find_in_list(const char *name, const char *list, const struct token_values *values,
			 char *path)
{
	char folder[PATH_MAX];

	if (list == NULL || *list == '\0')
		return false;
	for (;;) {
		size_t bytes = strcspn(list, ":;");

		if (expand(bytes > 0 ? list : ".", bytes > 0 ? bytes : 1, values, folder) &&
		    snprintf(path, PATH_MAX, "%s/%s", folder, name) < PATH_MAX && is_library(path))
			return true;
		if (list[bytes] == '\0')
			return false;
		list += bytes + 1;
	}
}

/* Of the asker and of all that led to it; one with a RUNPATH has none. */
static bool find_in_rpaths(const struct doctor_files *files, size_t asker, const char *name,
			   char *path)
{
	if (files->files[asker].survey.runpath != NULL &&
	    !files->files[asker].survey.has_rpath_only)
		return false;
	for (size_t i = asker;; i = files->files[i].loader) {
		const struct survey *survey = &files->files[i].survey;
		struct token_values values;

		set_values(files, i, &values);
		if (survey->has_rpath_only && find_in_list(name, survey->runpath, &values, path))
			return true;
		if (i == 0)
			return false;
	}
}

/* A text inside the file that ends inside it; else NULL. */
static const char *cache_text(const char *cache, size_t bytes, uint32_t offset)
{
	return offset < bytes && memchr(cache + offset, '\0', bytes - offset) != NULL
		       ? cache + offset
		       : NULL;
}

static bool search_cache(const char *cache, size_t bytes, const char *name, char *path)
{
	struct cache_head head;
	size_t count;

	if (bytes < sizeof(head))
		return false;
	(void)memcpy(&head, cache, sizeof(head));
	if (memcmp(head.magic, CACHE_MAGIC, sizeof(head.magic)) != 0)
		return false;
	count = (bytes - sizeof(head)) / sizeof(struct cache_entry);
	for (size_t i = 0; i < head.count && i < count; i++) {
		struct cache_entry entry;
		const char *found, *where;

		(void)memcpy(&entry, cache + sizeof(head) + i * sizeof(entry), sizeof(entry));
		found = cache_text(cache, bytes, entry.name);
		where = cache_text(cache, bytes, entry.path);
		if (entry.flags != CACHE_FLAGS_OURS || entry.capabilities != 0 || found == NULL ||
		    where == NULL || strcmp(found, name) != 0 || strlen(where) >= PATH_MAX)
			continue;
		(void)strcpy(path, where);
		return is_library(path);
	}
	return false;
}

static bool find_in_cache(const char *name, char *path)
{
	int fd = open(CACHE_FILE, O_RDONLY | O_CLOEXEC);
	struct stat status;
	bool is_found = false;
	void *cache;

	if (fd < 0)
		return false;
	if (fstat(fd, &status) == 0 && status.st_size > 0) {
		cache = mmap(NULL, (size_t)status.st_size, PROT_READ, MAP_PRIVATE, fd, 0);
		if (cache != MAP_FAILED) {
			is_found = search_cache(cache, (size_t)status.st_size, name, path);
			(void)munmap(cache, (size_t)status.st_size);
		}
	}
	(void)close(fd);
	return is_found;
}

bool library_path_find(const struct doctor_files *files, size_t asker, const char *name, char *path)
{
	const struct survey *survey = &files->files[asker].survey;
	struct token_values values, of_program;

	set_values(files, asker, &values);
	set_values(files, 0, &of_program);
	if (strchr(name, '/') != NULL)
		return expand(name, strlen(name), &values, path) && is_library(path);
	return find_in_rpaths(files, asker, name, path) ||
	       find_in_list(name, getenv("LD_LIBRARY_PATH"), &of_program, path) ||
	       (!survey->has_rpath_only && find_in_list(name, survey->runpath, &values, path)) ||
	       find_in_cache(name, path) || find_in_list(name, default_folders, &values, path);
}
