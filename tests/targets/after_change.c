/* SPDX-License-Identifier: Apache-2.0 */
/*
 * after_change.c - changes something about itself that the argument names, goes on allocating, and forks a child
 * that allocates as well.
 */
#include "truth.h"

#include <grp.h>
#include <sched.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>

#define BLOCKS 300
#define BYTES 48
#define OTHER_USER 65534

#define DEFINE_SITE(name)                                                                          \
	static struct truth name##_truth = {.function = "site_" #name};                            \
	static SITE void *site_##name(void)                                                        \
	{                                                                                          \
		void *p = malloc(BYTES);                                                           \
                                                                                                   \
		truth_alloc(&name##_truth, BYTES);                                                 \
		return p;                                                                          \
	}

DEFINE_SITE(before_change)
DEFINE_SITE(after_change)
DEFINE_SITE(in_child)

static void allocate(void *(*site)(void), struct truth *truth)
{
	for (int i = 0; i < BLOCKS; i++) {
		void *p = site();

		if (i % 3) {
			free(p);
			truth_free(truth, BYTES);
		}
	}
}

static void change_folder(void)
{
	truth_require(chdir("/") == 0, "chdir");
}

/* The truth is told inside from now on: where the test has put a link to its file. */
static void change_root(void)
{
	char path[512];

	snprintf(path, sizeof(path), "%s", getenv("TRUTH_FILE"));
	*strrchr(path, '/') = '\0';
	truth_require(chroot(path) == 0 && chdir("/") == 0, "chroot");
	truth_require(setenv("TRUTH_FILE", "/truth", 1) == 0, "setenv");
}

static void drop_privileges(void)
{
	truth_require(setgroups(0, NULL) == 0 &&
			      setresgid(OTHER_USER, OTHER_USER, OTHER_USER) == 0 &&
			      setresuid(OTHER_USER, OTHER_USER, OTHER_USER) == 0,
		      "setresuid");
}

/* In a folder that this user may write to, as most programs run. */
static void mask_everything(void)
{
	umask(0777);
}

static void forbid_looking(void)
{
	truth_require(prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) == 0, "prctl");
}

static void enter_namespace(void)
{
	truth_require(unshare(CLONE_NEWUSER) == 0, "unshare");
}

static void close_from_3(void)
{
	closefrom(3);
}

static void close_all(void)
{
	closefrom(0);
	truth_require(open("/dev/null", O_RDWR) == 0 && dup(0) == 1 && dup(0) == 2, "/dev/null");
}

static void fork_twice(void)
{
	for (int i = 0; i < 2; i++) {
		pid_t child = fork();

		truth_require(child >= 0, "fork");
		if (child != 0)
			_exit(0);
		truth_inherit(&before_change_truth);
		setsid();
	}
}

static const struct {
	const char *name;
	void (*change)(void);
} changes[] = {
	{"chdir", change_folder},    {"chroot", change_root},	   {"setuid", drop_privileges},
	{"umask", mask_everything},  {"dumpable", forbid_looking}, {"namespace", enter_namespace},
	{"closefrom", close_from_3}, {"close all", close_all},	   {"double fork", fork_twice},
};

static void run_child(void)
{
	int status;
	pid_t child = fork();

	truth_require(child >= 0, "fork");
	if (child == 0) {
		allocate(site_in_child, &in_child_truth);
		truth_tell(&in_child_truth);
		_exit(0);
	}
	truth_require(waitpid(child, &status, 0) == child && status == 0, "child");
}

int main(int argc, char **argv)
{
	allocate(site_before_change, &before_change_truth);
	for (size_t i = 0; i < sizeof(changes) / sizeof(changes[0]); i++)
		if (argc > 1 && !strcmp(argv[1], changes[i].name))
			changes[i].change();
	allocate(site_after_change, &after_change_truth);
	truth_tell(&before_change_truth);
	truth_tell(&after_change_truth);
	run_child();
	truth_number("done", 1);
	return 0;
}
