/* SPDX-License-Identifier: Apache-2.0 */
/*
 * launch.c - starts a program and stands beside it until it ends.
 */
#define _GNU_SOURCE
#include "base/launch.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdbool.h>
#include <stddef.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static const int passed_on[] = {SIGINT, SIGQUIT, SIGTERM, SIGHUP, SIGUSR1, SIGUSR2};

/* What the caller had, to be given to the program. */
struct inherited {
	sigset_t mask;
	struct sigaction child_action;
};

static void take_signals(sigset_t *awaited, struct inherited *inherited)
{
	struct sigaction by_default = {.sa_handler = SIG_DFL};

	(void)sigemptyset(awaited);
	(void)sigaddset(awaited, SIGCHLD);
	for (size_t i = 0; i < sizeof(passed_on) / sizeof(passed_on[0]); i++)
		(void)sigaddset(awaited, passed_on[i]);
	(void)sigprocmask(SIG_BLOCK, awaited, &inherited->mask);
	/* where SIGCHLD is ignored, the kernel keeps no status */
	(void)sigaction(SIGCHLD, &by_default, &inherited->child_action);
}

static void run_child(const struct launch *launch, const struct inherited *inherited, int report_fd)
{
	int error = launch->prepare != NULL ? -launch->prepare(launch->context) : 0;

	(void)sigaction(SIGCHLD, &inherited->child_action, NULL);
	(void)sigprocmask(SIG_SETMASK, &inherited->mask, NULL);
	if (error == 0) {
		(void)execvp(launch->path, launch->argv);
		error = errno;
	}
	(void)!write(report_fd, &error, sizeof(error));
	_exit(127);
}

/* The pipe closes at exec: nothing to read means that the program runs. */
static int read_start_error(int fd)
{
	int error = 0;
	ssize_t got;

	do {
		got = read(fd, &error, sizeof(error));
	} while (got < 0 && errno == EINTR);
	return got == (ssize_t)sizeof(error) ? -error : 0;
}

static bool has_ended(struct launch *launch)
{
	return wait4(launch->pid, &launch->wait_status, WNOHANG, &launch->usage) == launch->pid;
}

/* A key press reaches the whole foreground group, so the program has had it already. */
static bool is_for_program(const siginfo_t *info, pid_t program)
{
	return info->si_signo != SIGCHLD && info->si_code <= 0 && info->si_pid != program;
}

static void wait_for_end(struct launch *launch, const sigset_t *awaited)
{
	siginfo_t info;

	while (!has_ended(launch)) {
		if (sigwaitinfo(awaited, &info) < 0)
			continue;
		if (is_for_program(&info, launch->pid))
			(void)kill(launch->pid, info.si_signo);
	}
}

static uint64_t clock_ns(clockid_t clock)
{
	struct timespec now = {0, 0};

	(void)clock_gettime(clock, &now);
	return (uint64_t)now.tv_sec * UINT64_C(1000000000) + (uint64_t)now.tv_nsec;
}

int launch_run(struct launch *launch)
{
	struct sigaction ignore = {.sa_handler = SIG_IGN};
	struct inherited inherited;
	uint64_t start_ns;
	sigset_t awaited;
	int report[2];
	int ret;

	if (pipe2(report, O_CLOEXEC) != 0)
		return -errno;
	take_signals(&awaited, &inherited);
	launch->start_realtime_ns = clock_ns(CLOCK_REALTIME);
	start_ns = clock_ns(CLOCK_MONOTONIC);
	launch->pid = fork();
	if (launch->pid == 0)
		run_child(launch, &inherited, report[1]);
	ret = launch->pid < 0 ? -errno : 0;
	(void)close(report[1]);
	(void)sigaction(SIGPIPE, &ignore, NULL);
	if (ret == 0) {
		ret = read_start_error(report[0]);
		wait_for_end(launch, &awaited);
		launch->elapsed_ns = clock_ns(CLOCK_MONOTONIC) - start_ns;
	}
	(void)close(report[0]);
	return ret;
}

int launch_exit_code(int wait_status)
{
	return WIFSIGNALED(wait_status) ? 128 + WTERMSIG(wait_status) : WEXITSTATUS(wait_status);
}
