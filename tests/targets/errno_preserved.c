/* SPDX-License-Identifier: Apache-2.0 */
/*
 * errno_preserved.c - looks at errno at its start, after each kind of call and after a forked child's first one: untouched
 * by success, ENOMEM by failure; and at the program's signal mask, descriptors and thread count.
 */
#include "truth.h"

#include <errno.h>
#include <malloc.h>
#include <signal.h>
#include <stdint.h>
#include <sys/wait.h>

void *reallocarray(void *, size_t, size_t);

static volatile size_t too_much = PTRDIFF_MAX;

#define KEPT(call)                                                                                 \
	do {                                                                                       \
		errno = 4711;                                                                      \
		(void)!(call);                                                                     \
		truth_require(errno == 4711, "errno changed by " #call);                           \
	} while (0)

#define REFUSED(call)                                                                              \
	do {                                                                                       \
		errno = 4711;                                                                      \
		truth_require((call) == NULL && errno == ENOMEM, "not ENOMEM: " #call);            \
	} while (0)

static SITE void *site_checked(size_t bytes)
{
	void *p = malloc(bytes);

	KEEP_FRAME();
	return p;
}

static int count_threads(void)
{
	char text[2048], *line;
	int fd = open("/proc/self/status", O_RDONLY | O_CLOEXEC);
	ssize_t length = read(fd, text, sizeof(text) - 1);

	close(fd);
	truth_require(length > 0, "status");
	text[length] = '\0';
	line = strstr(text, "Threads:");
	return line ? atoi(line + 8) : -1;
}

/* Its first call makes it a process of its own for the tracer too. */
static void check_child(void)
{
	pid_t child = fork();
	void *volatile p;
	int status;

	truth_require(child >= 0, "fork");
	if (child == 0) {
		errno = 4711;
		p = malloc(10);
		_exit(p != NULL && errno == 4711 && fcntl(3, F_GETFD) < 0 ? 0 : 1);
	}
	truth_require(waitpid(child, &status, 0) == child && status == 0,
		      "errno changed or a descriptor left open by the first call of a child");
}

int main(void)
{
	struct truth t = {.function = "site_checked"};
	int error = errno;
	sigset_t mask;
	void *p = NULL;

	truth_require(error == 0, "errno changed before main");
	for (int i = 0; i < 2000; i++) {
		size_t bytes = (size_t)1 << i % 20;

		KEPT(p = site_checked(bytes));
		truth_alloc(&t, bytes);
		errno = 4711;
		free(p);
		truth_require(errno == 4711, "errno changed by free");
		truth_free(&t, bytes);
	}
	KEPT(p = calloc(3, 5));
	KEPT(p = realloc(p, 100000));
	KEPT(malloc_usable_size(p));
	REFUSED(malloc(too_much));
	REFUSED(calloc(too_much, 3));
	REFUSED(realloc(p, too_much));
	REFUSED(reallocarray(p, too_much, 3));
	KEPT(aligned_alloc(64, 64));
	KEPT(memalign(64, 64));
	KEPT(posix_memalign(&p, 64, 64));
	errno = 4711;
	truth_require(posix_memalign(&p, 3, 64) == EINVAL && errno == 4711, "posix_memalign");

	check_child();
	sigprocmask(SIG_SETMASK, NULL, &mask);
	for (int signal = 1; signal < 65; signal++)
		truth_require(sigismember(&mask, signal) <= 0, "signal mask");
	truth_require(count_threads() == 1, "a thread was added");
	for (int fd = 3; fd < 256; fd++)
		truth_require(fcntl(fd, F_GETFD) < 0, "a descriptor was left open");
	truth_tell(&t);
	return 0;
}
