/* SPDX-License-Identifier: Apache-2.0 */
/*
 * say.c - one line to standard error that neither waits nor kills.
 */
#define _GNU_SOURCE
#include "say.h"

#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <time.h>
#include <unistd.h>

#include "os.h"

#define SAY_BYTES_MAX 4096u /* PIPE_BUF: a pipe that can be written to takes so much at once */

static int say_can_write(void)
{
	struct pollfd standard_error = {.fd = STDERR_FILENO, .events = POLLOUT};

	return poll(&standard_error, 1, 0) == 1 && standard_error.revents == POLLOUT;
}

/* Not a place where the thread may be cancelled, which poll() is. */
static void say_line_uncancelled(const char *line, size_t bytes)
{
	static const struct timespec at_once;
	sigset_t raised, before, pending;
	long status;

	if (bytes > SAY_BYTES_MAX || !say_can_write())
		return;
	(void)sigemptyset(&raised);
	(void)sigaddset(&raised, SIGPIPE);
	(void)sigaddset(&raised, SIGXFSZ);
	if (sigpending(&pending) != 0 || sigprocmask(SIG_BLOCK, &raised, &before) != 0)
		return;
	status = os_write(STDERR_FILENO, line, bytes);
	/* take back what this write raised, and nothing that was waiting before */
	if ((status == -EPIPE && sigismember(&pending, SIGPIPE) == 0) ||
	    (status == -EFBIG && sigismember(&pending, SIGXFSZ) == 0))
		(void)sigtimedwait(&raised, NULL, &at_once);
	(void)sigprocmask(SIG_SETMASK, &before, NULL);
}

void say_line(const char *line, size_t bytes)
{
	int state;

	(void)pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, &state);
	say_line_uncancelled(line, bytes);
	(void)pthread_setcancelstate(state, NULL);
}
