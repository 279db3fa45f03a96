/* SPDX-License-Identifier: Apache-2.0 */
/*
 * launch.c - runs a command and measures its whole process tree: time, memory, what was written.
 *
 * usage: launch [-n TIMES] [-e NAME=VALUE]... RESULT COMMAND...
 *
 * A child subreaper: processes whose parents have ended are waited for and counted as well. Small, so that
 * its own memory does not stand in what the kernel says of its children. RESULT gets one line of JSON.
 */
#include <dirent.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { POLL_MS = 50, ENV_MAX = 16, TREE_MAX = 256 };

struct totals {
	uint64_t wall_ns;
	uint64_t user_us;
	uint64_t system_us;
	uint64_t peak_kib; /* highest sum of resident sets seen, or one process's own maximum */
	uint64_t written_bytes; /* by write(2) and the like, to pipes too */
	int status;		/* of the command, as a shell has it */
};

static uint64_t wall_ns(void)
{
	struct timespec time;

	clock_gettime(CLOCK_MONOTONIC, &time);
	return (uint64_t)time.tv_sec * 1000000000u + (uint64_t)time.tv_nsec;
}

static size_t proc_read(const char *path, char *text, size_t size)
{
	FILE *file = fopen(path, "re");
	size_t length = 0;

	if (file != NULL) {
		length = fread(text, 1, size - 1, file);
		fclose(file);
	}
	text[length] = '\0';
	return length;
}

/* Parent and resident pages of a process; false = it is gone. */
static bool process_read(pid_t pid, pid_t *parent, uint64_t *pages)
{
	char path[64], text[1024];
	const char *rest;
	long rss;

	snprintf(path, sizeof(path), "/proc/%d/stat", pid);
	proc_read(path, text, sizeof(text));
	rest = strrchr(text, ')'); /* the name may have spaces and brackets */
	if (rest == NULL ||
	    sscanf(rest,
		   ") %*c %d %*d %*d %*d %*d %*u %*u %*u %*u %*u %*u %*u %*d %*d %*d "
		   "%*d %*d %*d %*u %*u %ld",
		   parent, &rss) != 2)
		return false;
	*pages = (uint64_t)rss;
	return true;
}

static bool is_in(pid_t pid, const pid_t *tree, size_t count)
{
	for (size_t i = 0; i < count; i++)
		if (tree[i] == pid)
			return true;
	return false;
}

/*
 * Resident KiB of this process's descendants. A child mostly has a higher number than its parent, and a
 * directory of processes is in the order of numbers; a child that is missed for that is seen the next time.
 */
static uint64_t descendants_kib(void)
{
	pid_t tree[TREE_MAX] = {getpid()};
	uint64_t pages, sum = 0;
	struct dirent *entry;
	size_t count = 1;
	DIR *proc = opendir("/proc");
	pid_t pid, parent;

	while (proc != NULL && (entry = readdir(proc)) != NULL && count < TREE_MAX) {
		pid = (pid_t)strtol(entry->d_name, NULL, 10);
		if (pid > tree[0] && process_read(pid, &parent, &pages) &&
		    is_in(parent, tree, count)) {
			tree[count++] = pid;
			sum += pages;
		}
	}
	if (proc != NULL)
		closedir(proc);
	return sum * (uint64_t)sysconf(_SC_PAGESIZE) / 1024;
}

/* Of a process that has ended but is not yet waited for; it includes those it has waited for. */
static uint64_t zombie_written(pid_t pid)
{
	char path[64], text[1024];
	const char *field;

	snprintf(path, sizeof(path), "/proc/%d/io", pid);
	proc_read(path, text, sizeof(text));
	field = strstr(text, "wchar: ");
	return field != NULL ? strtoull(field + strlen("wchar: "), NULL, 10) : 0;
}

static uint64_t time_us(struct timeval time)
{
	return (uint64_t)time.tv_sec * 1000000u + (uint64_t)time.tv_usec;
}

static void totals_reap(struct totals *totals, pid_t pid, pid_t command)
{
	uint64_t written = zombie_written(pid);
	struct rusage usage;
	int status;

	if (wait4(pid, &status, 0, &usage) != pid)
		return;
	totals->written_bytes += written;
	totals->user_us += time_us(usage.ru_utime);
	totals->system_us += time_us(usage.ru_stime);
	if ((uint64_t)usage.ru_maxrss > totals->peak_kib)
		totals->peak_kib = (uint64_t)usage.ru_maxrss;
	if (pid == command)
		totals->status = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

/* Until the last process of the tree has ended. */
static void totals_collect(struct totals *totals, pid_t command, const sigset_t *child_signal)
{
	const struct timespec poll = {0, POLL_MS * 1000000};
	siginfo_t ended;

	for (;;) {
		uint64_t kib;

		ended.si_pid = 0;
		if (waitid(P_ALL, 0, &ended, WEXITED | WNOHANG | WNOWAIT) != 0)
			return;
		if (ended.si_pid != 0) {
			totals_reap(totals, ended.si_pid, command);
			continue;
		}
		kib = descendants_kib();
		if (kib > totals->peak_kib)
			totals->peak_kib = kib;
		(void)sigtimedwait(child_signal, NULL, &poll);
	}
}

static void command_run(struct totals *totals, char **command, char **settings,
			const sigset_t *child_signal, const sigset_t *old_signals)
{
	uint64_t start_ns = wall_ns();
	pid_t pid = fork();

	if (pid == 0) {
		sigprocmask(SIG_SETMASK, old_signals, NULL);
		for (; *settings != NULL; settings++)
			putenv(*settings);
		execvp(command[0], command);
		_exit(127);
	}
	if (pid < 0)
		exit(1);
	totals_collect(totals, pid, child_signal);
	totals->wall_ns += wall_ns() - start_ns;
}

static void totals_write(const struct totals *totals, const char *path)
{
	FILE *file = fopen(path, "we");

	if (file == NULL)
		exit(1);
	fprintf(file,
		"{\"wall_ns\": %llu, \"user_us\": %llu, \"system_us\": %llu, \"peak_kib\": %llu, "
		"\"written_bytes\": %llu, \"status\": %d}\n",
		(unsigned long long)totals->wall_ns, (unsigned long long)totals->user_us,
		(unsigned long long)totals->system_us, (unsigned long long)totals->peak_kib,
		(unsigned long long)totals->written_bytes, totals->status);
	fclose(file);
}

int main(int argc, char **argv)
{
	char *settings[ENV_MAX + 1] = {NULL};
	struct totals totals = {.status = 0};
	sigset_t child_signal, old_signals;
	unsigned long times = 1;
	int letter, count = 0;

	while ((letter = getopt(argc, argv, "+n:e:")) != -1) {
		if (letter == 'n')
			times = strtoul(optarg, NULL, 10);
		else if (letter == 'e' && count < ENV_MAX)
			settings[count++] = optarg;
		else
			return 2;
	}
	if (argc - optind < 2)
		return 2;
	prctl(PR_SET_CHILD_SUBREAPER, 1);
	sigemptyset(&child_signal);
	sigaddset(&child_signal, SIGCHLD);
	sigprocmask(SIG_BLOCK, &child_signal, &old_signals);
	for (unsigned long i = 0; i < times && totals.status == 0; i++)
		command_run(&totals, argv + optind + 1, settings, &child_signal, &old_signals);
	totals_write(&totals, argv[optind]);
	return 0;
}
