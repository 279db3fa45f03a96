/* SPDX-License-Identifier: Apache-2.0 */
/*
 * process.c - start-up of the shim, its new start in forked children, and the end of the process.
 *
 * A child of fork is noticed at its first event, not in a fork handler: most children only exec. The word read
 * at the head of every event lies on a page that the kernel wipes in children, whichever call made them.
 */
#define _GNU_SOURCE
#include "process.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "arena.h"
#include "capture.h"
#include "clock.h"
#include "invalid.h"
#include "live_table.h"
#include "loader_range.h"
#include "look.h"
#include "memtrace/env.h"
#include "module_table.h"
#include "names.h"
#include "node_table.h"
#include "options.h"
#include "os.h"
#include "os_gate.h"
#include "real.h"
#include "sampler.h"
#include "say.h"
#include "self_check.h"
#include "self_snapshot.h"
#include "shard.h"
#include "site_peak.h"
#include "state.h"
#include "text.h"
#include "thread.h"
#include "trace_file.h"
#include "tracker.h"
#include "unwind.h"

static struct options process_options;
static struct options_complaints process_complaints;
static struct names process_names;
static char process_path[OPTIONS_PATH_MAX];
static bool process_is_initialised;
static bool process_is_left_alone;  /* inherited by forked children, unlike the word */
static uint32_t process_generation; /* forks between the session's image and this process */
static int32_t process_pid;
static bool process_has_said_so; /* that there is no trace file */
static bool process_has_handler; /* ours was set for MEMTRACE_SNAPSHOT_SIGNAL */

/* One line to standard error, only at start-up and once in a session. */
static void process_say(const char *a, const char *b, const char *c, const char *d)
{
	char line[OPTIONS_PATH_MAX + 256];
	struct text text;

	if (process_options.is_quiet || process_options.session[0] != '\0')
		return;
	text_init(&text, line, sizeof(line));
	text_add(&text, "memtrace: ");
	text_add_shown(&text, a, strlen(a));
	text_add_shown(&text, b, strlen(b));
	text_add_shown(&text, c, strlen(c));
	text_add_shown(&text, d, strlen(d));
	text_add(&text, "\n");
	say_line(line, text.used);
}

static const char *process_reason(int status)
{
	static const struct {
		int status;
		const char *text;
	} reasons[] = {{-EACCES, "permission denied"},
		       {-EROFS, "read-only file system"},
		       {-ENOENT, "no such directory"},
		       {-ENOTDIR, "not a directory"},
		       {-ENOSPC, "no space left"},
		       {-EDQUOT, "quota exceeded"},
		       {-EFBIG, "file size limit too low"},
		       {-EMFILE, "too many open files"},
		       {-ENFILE, "too many open files"},
		       {-ENAMETOOLONG, "name too long"},
		       {-ENOMEM, "cannot map memory"},
		       {-ENODEV, "file system cannot map files"},
		       {-EPERM, "not permitted"}};

	for (size_t i = 0; i < sizeof(reasons) / sizeof(reasons[0]); i++)
		if (reasons[i].status == status)
			return reasons[i].text;
	return "system error";
}

/* Of several processes the first one counts those that have no file; only it speaks itself. */
static void process_tell_no_file(int status)
{
	static char first[OPTIONS_PATH_MAX];

	process_has_said_so = true;
	process_say("cannot make a trace file, not tracing: ", process_path, ": ",
		    process_reason(status));
	if (names_first_file(&process_names, first))
		(void)trace_file_tell_lost(first, (int32_t)process_names.session_pid,
					   process_names.session_start_ticks);
}

static bool process_make_file(bool is_again)
{
	int status = -ENAMETOOLONG;

	for (uint32_t attempt = 0;
	     names_try(&process_names, &process_options, attempt, process_path); attempt++) {
		status = trace_file_create(process_path, is_again);
		if (status == 0)
			return true;
		/* without MEMTRACE_OUT other folders are tried */
		if (status != -EEXIST && (attempt >= 2 || process_options.out[0] != '\0'))
			break;
	}
	if (!is_again)
		process_tell_no_file(status);
	return false;
}

static void process_fill_header(bool is_again)
{
	struct mt_header *header = trace_file.header;
	struct mt_process *process = trace_file.process;

	header->parent_pid = is_again ? process_pid : 0;
	header->fork_generation = process_generation;
	header->pid = process_pid = os_getpid();
	header->process_start_ticks = process_names.start_ticks;
	memcpy(header->program, process_names.program, sizeof(header->program));
	header->sample_bytes = sampler_bytes;
	process->depth_max = process_options.depth_max;
	process->unwinder = capture_unwinder();
	process->invalid_reporting = invalid_is_on ? MT_INVALID_REPORTED : MT_INVALID_NOT_REPORTED;
	process->executable = trace_file_string(process_names.executable);
	process->working_directory = trace_file_string(process_names.directory);
	process->allocator = trace_file_string(real_path());
	process->live_root = live_table_root(&process->live_root_bytes);
}

static void process_store_command_line(void)
{
	static char line[OPTIONS_PATH_MAX];
	long length;

	if (!process_options.stores_command_line)
		return;
	length = os_read_file("/proc/self/cmdline", line, sizeof(line));
	for (long i = 0; i + 1 < length; i++)
		if (line[i] == '\0')
			line[i] = ' ';
	if (length > 0)
		trace_file.process->command_line = trace_file_string(line);
}

static void process_on_signal(int signal)
{
	int saved = errno;

	(void)signal;
	if (process_is_traced())
		look_request_snapshot();
	errno = saved;
}

/* Only where the program would do nothing but die of the signal. */
static void process_catch_signal(void)
{
	struct sigaction action;
	int signal = process_options.snapshot_signal;

	if (signal == 0 || sigaction(signal, NULL, &action) != 0)
		return;
	if (action.sa_handler != SIG_DFL) {
		trace_file_message(2, 0,
				   "snapshot signal: the program handles it itself; not used");
		return;
	}
	memset(&action, 0, sizeof(action));
	action.sa_handler = process_on_signal;
	action.sa_flags = SA_RESTART | SA_ONSTACK;
	process_has_handler = sigaction(signal, &action, NULL) == 0;
}

/* A program that sets a handler of its own later simply replaces ours; say so at its end. */
static void process_look_at_signal(void)
{
	struct sigaction action;

	if (process_has_handler && os_may(OS_SIGACTION) &&
	    sigaction(process_options.snapshot_signal, NULL, &action) == 0 &&
	    action.sa_handler != process_on_signal)
		trace_file_message(2, clock_now_ns(),
				   "snapshot signal: the program has taken it for itself");
}

static void process_show_complaints(void)
{
	for (uint32_t i = 0; i < process_complaints.count; i++) {
		process_say(process_complaints.text[i], "", "", "");
		trace_file_message(2, 0, process_complaints.text[i]);
	}
}

static void process_tell_bypass(void)
{
	const char *bypass = real_bypass();

	if (bypass != NULL)
		trace_file_message(2, 0, bypass);
}

static bool process_may_trace(void)
{
	return process_options.follows_children || process_names.is_first ||
	       process_names.session_pid == (uint64_t)os_getpid();
}

static bool process_init(void)
{
	process_is_initialised = true;
	state_init();
	options_read(&process_options, &process_complaints);
	sampler_init(&process_options);
	real_note_libc();
	names_init(&process_names, &process_options);
	if (!process_may_trace() || !process_make_file(false))
		return false;
	names_set_session(&process_names, process_path);
	live_table_init();
	clock_init(false, process_options.reads_rss);
	shard_init();
	thread_init();
	loader_range_init();
	module_table_init();
	unwind_init();
	capture_init(&process_options);
	invalid_init(&process_options, process_path);
	tracker_init();
	process_fill_header(false);
	process_store_command_line();
	process_show_complaints();
	process_tell_bypass();
	self_snapshot_init(process_path);
	look_init(&process_options);
	process_catch_signal();
	return true;
}

/* What a child has inherited stays; its own counters start at zero, in a file of its own. */
static bool process_start_again(void)
{
	if (!process_options.follows_children)
		return false;
	/* what an untraced parent did since is not known; if its own parent has a file, that counts both */
	if (process_is_left_alone) {
		trace_file_drop(MT_DROP_CHILDREN);
		return false;
	}
	process_generation++;
	thread_after_fork();
	sampler_after_fork();
	names_after_fork(&process_names);
	if (!process_make_file(true)) {
		/* the one thing a child ever writes into its parent's file: else nobody would know */
		trace_file_drop(MT_DROP_CHILDREN);
		return false;
	}
	node_table_after_fork();
	shard_init();
	clock_init(true, process_options.reads_rss);
	process_fill_header(true);
	capture_init(&process_options);
	look_init(&process_options);
	tracker_inherit();
	return true;
}

static enum state process_first_state(bool is_traced)
{
	if (!is_traced)
		return STATE_LEFT_ALONE;
	state_request = &trace_file.header->control;
	trace_file.process->is_stopped = process_options.starts_off;
	if (!process_options.starts_off)
		return sampler_state();
	return process_generation == 0 || state_last == STATE_ASLEEP ? STATE_ASLEEP : STATE_STOPPED;
}

bool process_settle(void)
{
	static int32_t settler; /* pid, so that a child does not wait for a thread it has not got */
	struct thread_local_state *local = &thread_local_state;
	int32_t expected = mt_load_relaxed(&settler), pid = os_getpid();
	int saved = errno;
	uint32_t outer = local->aside;
	bool is_traced;

	/* our own start-up calls libc, and libc allocates; other threads do not wait for it */
	if (local->aside == THREAD_ASIDE_OURS || expected == pid ||
	    !mt_cas_acq_rel(&settler, &expected, pid)) {
		trace_file_drop(MT_DROP_EARLY);
		return false;
	}
	if (state_now() != STATE_UNSETTLED) {
		mt_store_release(&settler, 0);
		return state_now() != STATE_LEFT_ALONE;
	}
	local->aside = THREAD_ASIDE_OURS;
	is_traced =
		process_is_initialised ? process_start_again() : real_resolve() && process_init();
	process_is_left_alone = !is_traced;
	state_set(process_first_state(is_traced));
	local->aside = outer;
	mt_store_release(&settler, 0);
	errno = saved;
	return is_traced;
}

/* Puts a line into the environment, in memory of ours: setenv() would allocate. */
static void process_export(char *line)
{
	size_t count = 0;
	char **fresh;

	while (environ != NULL && environ[count] != NULL)
		count++;
	fresh = arena_alloc((count + 2) * sizeof(*fresh));
	if (environ == NULL || fresh == NULL || process_options.is_secure)
		return;
	memcpy(fresh, environ, count * sizeof(*fresh));
	fresh[count] = line;
	environ = fresh;
}

static void process_export_session(void)
{
	struct text text;
	char *line = arena_alloc(OPTIONS_PATH_MAX + 128);

	if (line == NULL)
		return;
	text_init(&text, line, OPTIONS_PATH_MAX + 128);
	text_add(&text, MT_ENV_SESSION "=");
	text_add(&text, process_names.session);
	text_add(&text, ":");
	text_add_number(&text, process_names.session_pid);
	text_add(&text, ":");
	text_add_number(&text, process_names.session_start_ticks);
	process_export(line);
}

static __attribute__((constructor(101))) void process_constructor(void)
{
	static char quiet[] = MT_ENV_QUIET "=1";
	/* set by whoever began the session: `memtrace run`, or another process's constructor */
	bool has_session = options_environment(MT_ENV_SESSION) != NULL;

	if (process_is_traced() && !has_session)
		process_export_session();
	/* a child finds no better disk, and what it would say has been said */
	else if (process_has_said_so)
		process_export(quiet);
}

static __attribute__((destructor)) void process_destructor(void)
{
	/* an untouched child of fork must not write into its parent's file */
	if (state_now() == STATE_UNSETTLED || state_now() == STATE_LEFT_ALONE)
		return;
	process_look_at_signal();
	self_check_at_exit();
	site_peak_settle_all();
	trace_file.process->exit_ns = clock_look();
	mt_store_release(&trace_file.process->state, MT_STATE_EXITED);
}

int process_snapshot(const char *path, const char *label)
{
	return process_is_traced() ? look_snapshot(path, label) : 0;
}
