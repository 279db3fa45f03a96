/* SPDX-License-Identifier: Apache-2.0 */
/*
 * reuse_descriptors.c - closes every descriptor, opens files of its own under all those numbers, allocates,
 * and says what stands in the files and which descriptors are open.
 */
#include "truth.h"

#include <dirent.h>
#include <sys/stat.h>
#include <sys/syscall.h>

#define FILES 24

static SITE void *site_among_files(size_t bytes)
{
	void *p = malloc(bytes);

	KEEP_FRAME();
	return p;
}

/* Without opendir(), which allocates. Returns a bit mask of open descriptors. */
static unsigned long list_descriptors(void)
{
	unsigned long mask = 0;

	for (int fd = 0; fd < 64; fd++)
		if (fcntl(fd, F_GETFD) >= 0)
			mask |= 1ul << fd;
	return mask;
}

int main(int argc, char **argv)
{
	struct truth t = {.function = "site_among_files"};
	const char *folder = argc > 1 ? argv[1] : ".";
	unsigned long before;
	char path[512];

	truth_require(list_descriptors() >> 3 == 0, "more than three descriptors at start");
	closefrom(0);
	for (int i = 0; i < FILES; i++) {
		snprintf(path, sizeof(path), "%s/file%d", folder, i);
		if (open(path, O_RDWR | O_CREAT | O_TRUNC, 0600) != i)
			_exit(96);
	}
	before = list_descriptors();
	for (int i = 0; i < 5000; i++) {
		size_t bytes = 16 + (size_t)i % 999;
		void *p = site_among_files(bytes);

		truth_alloc(&t, bytes);
		if (i % 3) {
			free(p);
			truth_free(&t, bytes);
		}
	}
	truth_require(list_descriptors() == before, "descriptors differ");
	for (int i = 0; i < FILES; i++) {
		struct stat status;

		truth_require(fstat(i, &status) == 0 && status.st_size == 0, "file was written to");
	}
	truth_tell(&t);
	truth_number("descriptors", (long)before);
	return 0;
}
