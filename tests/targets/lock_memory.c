/* SPDX-License-Identifier: Apache-2.0 */
/*
 * lock_memory.c - locks all its memory, now and for the future, and says how far it comes with that.
 *
 * usage: lock_memory never|first|later BLOCKS
 *
 * "first" is before any constructor of a library has run.
 */
#include "truth.h"

#include <errno.h>
#include <sys/mman.h>

#define MAPPINGS 16

static int lock_status = 1, lock_errno;

static void lock(void)
{
	errno = 0;
	lock_status = mlockall(MCL_CURRENT | MCL_FUTURE);
	lock_errno = errno;
}

static void lock_first(int argc, char **argv, char **environment)
{
	(void)environment;
	if (argc > 1 && strcmp(argv[1], "first") == 0)
		lock();
}

static __attribute__((section(".preinit_array"), used)) void (*before_all)(int, char **,
									   char **) = lock_first;

static SITE void *site_locked(size_t bytes)
{
	void *p = malloc(bytes);

	KEEP_FRAME();
	return p;
}

static long resident_kib(void)
{
	static char text[4096];
	int fd = open("/proc/self/status", O_RDONLY);
	ssize_t got = read(fd, text, sizeof(text) - 1);
	const char *line;

	truth_require(got > 0, "status");
	text[got] = '\0';
	close(fd);
	line = strstr(text, "VmRSS:");
	truth_require(line != NULL, "VmRSS");
	return atol(line + 6);
}

int main(int argc, char **argv)
{
	struct truth t = {.function = "site_locked"};
	int blocks = argc > 2 ? atoi(argv[2]) : 0, refused = 0, mappings = 0;

	free(malloc(1));
	if (argc > 1 && strcmp(argv[1], "later") == 0)
		lock();
	for (int i = 0; i < blocks; i++) {
		char *p = site_locked(64);

		if (p == NULL) {
			refused++;
			continue;
		}
		memset(p, 1, 64);
		truth_alloc(&t, 64);
	}
	for (int i = 0; i < MAPPINGS; i++)
		mappings += mmap(NULL, 65536, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS,
				 -1, 0) != MAP_FAILED;
	printf("mlockall %d, errno %d, %d refused, %d mapped, munlockall %d\n", lock_status,
	       lock_errno, refused, mappings, lock_status == 1 ? 0 : munlockall());
	truth_number("resident", resident_kib());
	truth_tell(&t);
	return 0;
}
