/* SPDX-License-Identifier: Apache-2.0 */
/*
 * failing_preload.c - an allocator for LD_PRELOAD whose FAIL_AT-th request fails with ENOMEM, on top of glibc's.
 *
 * At the end it writes how many requests there were to the file FAIL_LOG, if that is set.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define PUBLIC __attribute__((visibility("default")))

extern void *__libc_malloc(size_t bytes);
extern void *__libc_calloc(size_t count, size_t bytes);
extern void *__libc_realloc(void *block, size_t bytes);
extern void *__libc_memalign(size_t alignment, size_t bytes);
extern void __libc_free(void *block);

PUBLIC void *malloc(size_t bytes);
PUBLIC void *calloc(size_t count, size_t bytes);
PUBLIC void *realloc(void *block, size_t bytes);
PUBLIC void *memalign(size_t alignment, size_t bytes);
PUBLIC void *aligned_alloc(size_t alignment, size_t bytes);
PUBLIC int posix_memalign(void **out, size_t alignment, size_t bytes);
PUBLIC void *valloc(size_t bytes);
PUBLIC void *pvalloc(size_t bytes);
PUBLIC void *reallocarray(void *block, size_t count, size_t bytes);
PUBLIC void free(void *block);
PUBLIC void cfree(void *block);
PUBLIC void free_sized(void *block, size_t bytes);
PUBLIC void free_aligned_sized(void *block, size_t alignment, size_t bytes);

static unsigned long requests;

static const char *environment(const char *name)
{
	size_t length = strlen(name);

	for (char **e = environ; e != NULL && *e != NULL; e++)
		if (strncmp(*e, name, length) == 0 && (*e)[length] == '=')
			return *e + length + 1;
	return NULL;
}

static bool must_fail(void)
{
	const char *digits = environment("FAIL_AT");
	unsigned long number = __atomic_add_fetch(&requests, 1, __ATOMIC_RELAXED), wanted = 0;

	for (; digits != NULL && *digits != '\0'; digits++)
		wanted = wanted * 10 + (unsigned long)(*digits - '0');
	if (number != wanted)
		return false;
	errno = ENOMEM;
	return true;
}

void *malloc(size_t bytes)
{
	return must_fail() ? NULL : __libc_malloc(bytes);
}

void *calloc(size_t count, size_t bytes)
{
	return must_fail() ? NULL : __libc_calloc(count, bytes);
}

void *realloc(void *block, size_t bytes)
{
	/* one that frees does not fail */
	return bytes != 0 && must_fail() ? NULL : __libc_realloc(block, bytes);
}

void *memalign(size_t alignment, size_t bytes)
{
	return must_fail() ? NULL : __libc_memalign(alignment, bytes);
}

void *aligned_alloc(size_t alignment, size_t bytes)
{
	return memalign(alignment, bytes);
}

int posix_memalign(void **out, size_t alignment, size_t bytes)
{
	int saved = errno;
	void *block = memalign(alignment, bytes);

	errno = saved;
	if (block == NULL)
		return ENOMEM;
	*out = block;
	return 0;
}

void *valloc(size_t bytes)
{
	return memalign(4096, bytes);
}

void *pvalloc(size_t bytes)
{
	return memalign(4096, (bytes + 4095) & ~(size_t)4095);
}

void *reallocarray(void *block, size_t count, size_t bytes)
{
	size_t product;

	if (!__builtin_mul_overflow(count, bytes, &product))
		return realloc(block, product);
	errno = ENOMEM;
	return NULL;
}

void free(void *block)
{
	__libc_free(block);
}

/* So that nobody looks for them in vain: a lookup that fails allocates. */
void cfree(void *block)
{
	free(block);
}

void free_sized(void *block, size_t bytes)
{
	(void)bytes;
	free(block);
}

void free_aligned_sized(void *block, size_t alignment, size_t bytes)
{
	(void)alignment;
	(void)bytes;
	free(block);
}

static __attribute__((destructor)) void tell(void)
{
	const char *path = environment("FAIL_LOG");
	char line[32];
	int fd = path == NULL ? -1 : open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	int length = snprintf(line, sizeof(line), "%lu\n", requests);

	if (fd >= 0 && write(fd, line, (size_t)length) == length)
		(void)close(fd);
}
