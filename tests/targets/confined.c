/* SPDX-License-Identifier: Apache-2.0 */
/*
 * confined.c - forbids itself nearly all system calls after start and goes on allocating, from more call stacks than
 * before.
 *
 * usage: confined MANNER STACKS
 */
#include "filter.h"
#include "paths.h"

#include <fcntl.h>
#include <stdio.h>

#define BEFORE 100

static SITE void *site_before(size_t bytes)
{
	void *p = malloc(bytes);

	KEEP_FRAME();
	return p;
}

static SITE void *site_confined(size_t bytes)
{
	void *p = malloc(bytes);

	KEEP_FRAME();
	return p;
}

/* What malloc and the end of a program need. */
static const int for_malloc[] = {SYS_brk,	 SYS_mmap, SYS_munmap, SYS_mremap,	SYS_write,
				 SYS_exit_group, SYS_exit, SYS_futex,  SYS_rt_sigreturn};
static const int for_nothing[] = {SYS_write, SYS_exit_group};

#define LIST(list) list, sizeof(list) / sizeof((list)[0])

static void try_what_fails(void)
{
	struct filter_rule kill = {SECCOMP_RET_ALLOW, SECCOMP_RET_KILL_PROCESS};
	struct sock_fprog program = filter_program(LIST(for_nothing), kill);

	truth_require(prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, NULL) == -1, "no filter");
	truth_require(prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, (void *)16) == -1, "bad filter");
	truth_require(syscall(SYS_seccomp, SECCOMP_SET_MODE_STRICT, 1, NULL) == -1, "strict");
	truth_require(syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, ~0u, NULL) == -1, "flags");
	truth_require(syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, ~0u, &program) == -1,
		      "flags of a filter");
	truth_require(syscall(SYS_getpid) == getpid(), "syscall()");
}

static void confine(const char *manner)
{
	struct filter_rule kill = {SECCOMP_RET_ALLOW, SECCOMP_RET_KILL_PROCESS};
	struct filter_rule refuse = {SECCOMP_RET_ALLOW, SECCOMP_RET_ERRNO | 1};

	if (strcmp(manner, "strict") == 0)
		truth_require(prctl(PR_SET_SECCOMP, SECCOMP_MODE_STRICT) == 0, "strict");
	else if (strcmp(manner, "strict-by-seccomp") == 0)
		truth_require(syscall(SYS_seccomp, SECCOMP_SET_MODE_STRICT, 0, NULL) == 0,
			      "strict");
	else if (strcmp(manner, "kill") == 0)
		filter_install(LIST(for_malloc), kill, 0);
	else if (strcmp(manner, "kill-by-prctl") == 0)
		filter_install(LIST(for_malloc), kill, 1);
	else if (strcmp(manner, "refuse") == 0)
		filter_install(LIST(for_malloc), refuse, 0);
	else if (strcmp(manner, "kill-all") == 0)
		filter_install(LIST(for_nothing), kill, 0);
	else
		truth_require(strcmp(manner, "fail") == 0, "unknown manner");
}

/* Facts go to the file that was opened before. */
static void open_truth(void)
{
	const char *path = getenv("TRUTH_FILE");
	int fd = path == NULL ? 1 : open(path, O_WRONLY | O_APPEND | O_CREAT, 0600);

	truth_require(dup2(fd, 1) == 1 && unsetenv("TRUTH_FILE") == 0, "truth file");
}

static void tell(const struct truth *t, int pid)
{
	truth_line("{\"pid\":%d,\"function\":\"%s\",\"alloc_count\":%ld,\"alloc_bytes\":%ld,"
		   "\"free_count\":%ld,\"freed_bytes\":%ld,\"live_blocks\":%ld,\"live_bytes\":%ld}",
		   pid, t->function, t->alloc_count, t->alloc_bytes, t->free_count, t->freed_bytes,
		   t->live_blocks, t->live_bytes);
}

int main(int argc, char **argv)
{
	struct truth before = {.function = "site_before"}, confined = {.function = "site_confined"};
	unsigned stacks = argc > 2 ? (unsigned)atoi(argv[2]) : 0;
	void **blocks = malloc(stacks * sizeof(*blocks)), *heap = malloc(64 << 20);
	int pid = getpid();

	truth_require(argc == 3 && heap != NULL, "usage");
	open_truth();
	/* enough in the allocator's own lists for the time in which it can have no more */
	for (unsigned i = 0; i < stacks; i++)
		blocks[i] = site_before(24);
	for (unsigned i = 0; i < stacks; i++)
		free(blocks[i]);
	for (unsigned i = 0; i < stacks; i++) {
		truth_alloc(&before, 24);
		truth_free(&before, 24);
	}
	for (int i = 0; i < BEFORE; i++) {
		truth_require(site_before(40) != NULL, "malloc");
		truth_alloc(&before, 40);
	}
	try_what_fails();
	confine(argv[1]);
	for (unsigned i = 0; i < stacks; i++) {
		blocks[i] = paths_call(i, site_confined, 24);
		if (blocks[i] != NULL)
			truth_alloc(&confined, 24);
		if (i % 2 != 0) {
			free(blocks[i]);
			truth_free(&confined, 24);
		}
	}
	tell(&before, pid);
	tell(&confined, pid);
	if (strncmp(argv[1], "strict", 6) == 0)
		syscall(SYS_exit, 0);
	return 0;
}
