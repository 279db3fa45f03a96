/* SPDX-License-Identifier: Apache-2.0 */
/*
 * library_path.c - which file the loader will take for a library, without loading anything.
 */
#include "doctor/library_path.h"

#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#define CACHE_FILE "/etc/ld.so.cache"
#define CACHE_MAGIC "glibc-ld.so.cache1.1"

#if defined(__x86_64__)
#define CACHE_FLAGS_OURS 0x0303 /* ELF of libc 6, x86-64 */
#else
#define CACHE_FLAGS_OURS 0x0a03 /* ELF of libc 6, AArch64 */
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

static bool is_library(const char *path)
{
	struct stat status;

	return stat(path, &status) == 0 && S_ISREG(status.st_mode) && access(path, R_OK) == 0;
}

/* The folder of the asker in the place of $ORIGIN or ${ORIGIN} at the beginning, as it is nearly always. */
static int put_folder(char *path, const char *folder, size_t bytes, const char *asker)
{
	static const char *const origins[] = {"$ORIGIN", "${ORIGIN}"};
	const char *slash = strrchr(asker, '/');

	for (size_t i = 0; i < 2; i++) {
		size_t length = strlen(origins[i]);

		if (bytes >= length && strncmp(folder, origins[i], length) == 0 && slash != NULL)
			return snprintf(path, PATH_MAX, "%.*s%.*s", (int)(slash - asker), asker,
					(int)(bytes - length), folder + length);
	}
	return snprintf(path, PATH_MAX, "%.*s", (int)bytes, folder);
}

static bool find_in_list(const char *name, const char *list, const char *asker, char *path)
{
	while (list != NULL && *list != '\0') {
		size_t bytes = strcspn(list, ":;");
		int used = put_folder(path, list, bytes, asker);

		if (bytes > 0 && used > 0 && used < PATH_MAX) {
			int more = snprintf(path + used, PATH_MAX - (size_t)used, "/%s", name);

			if (more > 0 && used + more < PATH_MAX && is_library(path))
				return true;
		}
		list += bytes + (list[bytes] != '\0');
	}
	return false;
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

bool library_path_find(const char *name, const struct library_asker *asker, char *path)
{
	if (strchr(name, '/') != NULL) {
		(void)snprintf(path, PATH_MAX, "%s", name);
		return is_library(path);
	}
	return (asker->is_rpath && find_in_list(name, asker->runpath, asker->path, path)) ||
	       find_in_list(name, getenv("LD_LIBRARY_PATH"), asker->path, path) ||
	       (!asker->is_rpath && find_in_list(name, asker->runpath, asker->path, path)) ||
	       find_in_cache(name, path) || find_in_list(name, default_folders, asker->path, path);
}
