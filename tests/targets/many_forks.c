/* SPDX-License-Identifier: Apache-2.0 */
/*
 * many_forks.c - forks FORKS children one after the other: most end at once, some allocate, some exec.
 *
 * usage: many_forks FORKS
 */
#include "truth.h"

#include <sys/wait.h>

#define ALLOCATES_EVERY 40
#define EXECS_EVERY 100
#define BLOCKS 10
#define KEPT_BYTES 40
#define PARENT_BYTES 56
#define CHILD_BYTES 72
#define IMAGE_BYTES 88

static void *kept[BLOCKS];

#define DEFINE_SITE(name)                                                                          \
	static SITE void *site_##name(size_t bytes)                                                \
	{                                                                                          \
		void *p = malloc(bytes);                                                           \
                                                                                                   \
		KEEP_FRAME();                                                                      \
		return p;                                                                          \
	}

DEFINE_SITE(kept)
DEFINE_SITE(parent)
DEFINE_SITE(child)
DEFINE_SITE(image)

static long count_descriptors(void)
{
	long count = 0;

	for (int fd = 0; fd < 1024; fd++)
		count += fcntl(fd, F_GETFD) >= 0;
	return count;
}

/* Lines of /proc/self/maps, without allocating. */
static long count_mappings(void)
{
	char text[4096];
	int fd = open("/proc/self/maps", O_RDONLY | O_CLOEXEC);
	long count = 0;
	ssize_t bytes;

	truth_require(fd >= 0, "maps");
	while ((bytes = read(fd, text, sizeof(text))) > 0)
		for (ssize_t i = 0; i < bytes; i++)
			count += text[i] == '\n';
	close(fd);
	return count;
}

static void run_child(int number, char *program)
{
	char word[] = "image";
	char *arguments[] = {program, word, NULL};

	if (number % EXECS_EVERY == 0)
		execv("/proc/self/exe", arguments);
	if (number % ALLOCATES_EVERY == 1)
		for (int i = 0; i < BLOCKS; i++) {
			(void)!site_child(CHILD_BYTES);
			free(kept[i]);
		}
	_exit(number % EXECS_EVERY == 0);
}

static void tell_children(long forks)
{
	long allocating = (forks + ALLOCATES_EVERY - 2) / ALLOCATES_EVERY;
	long images = (forks + EXECS_EVERY - 1) / EXECS_EVERY;

	truth_number("files", 1 + allocating + images);
	truth_number("site_child", allocating * BLOCKS);
	truth_number("site_image", images);
	truth_number("site_kept", allocating * BLOCKS);
}

int main(int argc, char **argv)
{
	struct truth parent = {.function = "site_parent"}, inherited = {.function = "site_kept"};
	long forks, descriptors, mappings;

	truth_require(argc == 2, "usage: many_forks FORKS");
	if (!strcmp(argv[1], "image"))
		return site_image(IMAGE_BYTES) == NULL;
	forks = atol(argv[1]);
	for (int i = 0; i < BLOCKS; i++) {
		kept[i] = site_kept(KEPT_BYTES);
		truth_alloc(&inherited, KEPT_BYTES);
	}
	descriptors = count_descriptors();
	mappings = count_mappings();
	for (int i = 0; i < forks; i++) {
		void *block = site_parent(PARENT_BYTES);
		int status;
		pid_t child = fork();

		truth_require(child >= 0, "fork");
		if (child == 0)
			run_child(i, argv[0]);
		truth_require(waitpid(child, &status, 0) == child && status == 0, "child");
		truth_alloc(&parent, PARENT_BYTES);
		free(block);
		truth_free(&parent, PARENT_BYTES);
	}
	truth_require(count_descriptors() == descriptors, "descriptors were kept");
	truth_require(count_mappings() <= mappings + 2, "mappings were kept");
	truth_tell(&parent);
	truth_tell(&inherited);
	tell_children(forks);
	return 0;
}
