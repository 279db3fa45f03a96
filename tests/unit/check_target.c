/* SPDX-License-Identifier: Apache-2.0 */
/*
 * check_target.c - the trace file of a process is found by what it maps, wherever that file has gone.
 *
 * The targets are children of the test that map the example's live file.
 */
#define _GNU_SOURCE 1 /* MAP_ANONYMOUS */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "example.h"
#include "memtrace/atomic.h"
#include "model/maps.h"
#include "model/process_state.h"
#include "model/target.h"
#include "snapshot_case.h"
#include "unit.h"

static char folder[64], path[PATH_MAX];
static pid_t child;

/* What the child does with its mapping until it is killed. */
typedef void child_work(struct mt_header *header);

static void make_folder(void)
{
	(void)snprintf(folder, sizeof(folder), "/tmp/check_target.XXXXXX");
	ck_assert_ptr_nonnull(mkdtemp(folder));
	(void)snprintf(path, sizeof(path), "%s/a file\nof two lines.snap", folder);
}

static void clean_up(void)
{
	if (child > 0) {
		(void)kill(child, SIGKILL);
		(void)waitpid(child, NULL, 0);
	}
	child = 0;
	(void)unlink(path);
	(void)rmdir(folder);
}

static void write_file(void)
{
	struct file_builder builder;
	size_t bytes;
	unsigned char *image;
	int fd = open(path, O_WRONLY | O_CREAT | O_EXCL, 0400);

	ck_assert_int_ge(fd, 0);
	file_builder_example(&builder, MT_KIND_LIVE);
	FILE_BUILDER_ENTRY(&builder, MT_SECTION_PROCESS, mt_process, 0)->state = MT_STATE_RUNNING;
	image = file_builder_image(&builder, &bytes);
	ck_assert_int_eq(write(fd, image, bytes), (ssize_t)bytes);
	(void)close(fd);
	free(image);
	file_builder_fini(&builder);
}

static void idle(struct mt_header *header)
{
	(void)header;
	for (;;)
		(void)pause();
}

static struct mt_header *map_file(void)
{
	struct stat status;
	int fd = open(path, O_RDWR);
	void *map;

	if (fd < 0 || fstat(fd, &status) < 0)
		return NULL;
	map = mmap(NULL, (size_t)status.st_size, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	(void)close(fd);
	return map != MAP_FAILED ? map : NULL;
}

/* Starts a child and waits until it has mapped the file. */
static void start_child(child_work *work)
{
	int ready[2];
	char byte;

	ck_assert_int_eq(pipe(ready), 0);
	(void)chmod(path, 0600); /* so that anybody may run this test */
	child = fork();
	ck_assert_int_ge(child, 0);
	if (child == 0) {
		struct mt_header *header = map_file();

		(void)prctl(PR_SET_PDEATHSIG, SIGKILL);
		if (header == NULL)
			_exit(1);
		header->pid = getpid();
		header->process_start_ticks = process_start_ticks(getpid());
		(void)!write(ready[1], "", 1);
		work(header);
		_exit(0);
	}
	(void)close(ready[1]);
	ck_assert_int_eq(read(ready[0], &byte, 1), 1);
	(void)close(ready[0]);
	(void)chmod(path, 0400);
}

static void check_found(void)
{
	struct snapshot *snapshot;
	struct error error = {""};
	int result = target_load(child, &snapshot, &error);

	ck_assert_msg(result == 0, "%s", error.text);
	case_check_example(snapshot);
	ck_assert_int_eq(snapshot->state, SNAPSHOT_RUNNING);
	ck_assert_uint_gt(snapshot->process.rss_bytes, 0);
	ck_assert_uint_le(snapshot->process.rss_anon_bytes, snapshot->process.rss_bytes);
	snapshot_free(snapshot);
}

START_TEST(mapped_file_is_found)
{
	write_file();
	start_child(idle);
	check_found();
}
END_TEST

START_TEST(running_is_told_from_killed_by_the_file_alone)
{
	struct snapshot *snapshot;

	write_file();
	start_child(idle);
	ck_assert_int_eq(snapshot_load(path, &snapshot, NULL), 0);
	ck_assert_int_eq(snapshot->state, SNAPSHOT_RUNNING);
	ck_assert_uint_gt(snapshot->process.rss_bytes, 0);
	snapshot_free(snapshot);
	(void)kill(child, SIGKILL);
	(void)waitpid(child, NULL, 0);
	child = 0;
	ck_assert_int_eq(snapshot_load(path, &snapshot, NULL), 0);
	ck_assert_int_eq(snapshot->state, SNAPSHOT_KILLED);
	snapshot_free(snapshot);
}
END_TEST

START_TEST(deleted_file_is_found)
{
	write_file();
	start_child(idle);
	ck_assert_int_eq(unlink(path), 0);
	check_found();
}
END_TEST

START_TEST(another_file_of_the_same_name_is_not_taken)
{
	write_file();
	start_child(idle);
	ck_assert_int_eq(unlink(path), 0);
	write_file(); /* the same contents, but nobody's */
	check_found();
	ck_assert_int_eq(chmod(path, 0600), 0);
	ck_assert_int_eq(truncate(path, 0), 0);
	check_found();
}
END_TEST

START_TEST(memory_of_the_process_reads_like_the_file)
{
	struct maps maps;
	struct input_range *ranges = calloc(1, sizeof(*ranges));
	struct input input;
	struct snapshot *snapshot;
	struct error error = {""};

	write_file();
	start_child(idle);
	ck_assert_int_eq(maps_read(child, MAPS_SHARED, &maps), 0);
	for (size_t i = 0; i < maps.count; i++) {
		if (strcmp(maps.lines[i].path, path) == 0)
			*ranges = (struct input_range){maps.lines[i].offset,
						       maps.lines[i].end - maps.lines[i].start,
						       maps.lines[i].start};
	}
	maps_free(&maps);
	ck_assert_uint_ne(ranges->address, 0);
	ck_assert_int_eq(input_open_process(&input, child, ranges, 1), 0);
	ck_assert_msg(snapshot_load_input(&input, "memory", true, &snapshot, &error) == 0, "%s",
		      error.text);
	case_check_example(snapshot);
	snapshot_free(snapshot);
	input_close(&input);
}
END_TEST

START_TEST(process_without_trace_file_is_named)
{
	struct snapshot *snapshot;
	struct error error = {""};
	char expected[100];

	(void)snprintf(expected, sizeof(expected),
		       "process %d is not traced: it has no trace file mapped", (int)getpid());
	ck_assert_int_eq(target_load(getpid(), &snapshot, &error), -ENODATA);
	ck_assert_ptr_null(snapshot);
	ck_assert_str_eq(error.text, expected);
}
END_TEST

START_TEST(missing_process_is_named)
{
	struct snapshot *snapshot;
	struct error error = {""};

	ck_assert_int_eq(target_load(INT_MAX, &snapshot, &error), -ENOENT);
	ck_assert_str_eq(error.text, "process 2147483647: no such process");
}
END_TEST

static void fork_and_idle(struct mt_header *header)
{
	if (fork() == 0) {
		(void)prctl(PR_SET_PDEATHSIG, SIGKILL);
		/* tells the test its pid through the parent's file, which it still maps */
		mt_store_release(&header->control_done, (uint32_t)getpid());
	}
	idle(header);
}

START_TEST(forked_process_without_a_file_of_its_own_is_told_from_its_parent)
{
	struct target target;
	struct error error = {""};
	uint32_t grandchild = 0;

	write_file();
	start_child(fork_and_idle);
	ck_assert_int_eq(target_open(child, &target, NULL), 0);
	while (grandchild == 0)
		ck_assert_int_eq(input_read(&target.input, offsetof(struct mt_header, control_done),
					    &grandchild, sizeof(grandchild)),
				 0);
	target_close(&target);
	ck_assert_int_eq(target_open((pid_t)grandchild, &target, &error), -ENODATA);
	ck_assert_ptr_nonnull(strstr(error.text, "has not allocated since"));
	(void)kill((pid_t)grandchild, SIGKILL);
}
END_TEST

static void obey(struct mt_header *header)
{
	for (;;) {
		uint32_t word = mt_load_acquire(&header->control);

		if (word != header->control_done) {
			header->sequence = word & 0xff; /* lets the test see what was asked */
			mt_store_release(&header->control_done, word);
		}
		(void)usleep(1000);
	}
}

START_TEST(command_reaches_the_process_and_is_waited_for)
{
	struct error error = {""};
	struct mt_header header;
	struct target target;
	struct stat status;

	write_file();
	start_child(obey);
	for (int i = MT_COMMAND_SNAPSHOT; i <= MT_COMMAND_RESET_PEAK; i++) {
		ck_assert_msg(target_control(child, (enum mt_command)i, &error) == 0, "%s",
			      error.text);
		ck_assert_int_eq(target_open(child, &target, NULL), 0);
		ck_assert_int_eq(input_read(&target.input, 0, &header, sizeof(header)), 0);
		target_close(&target);
		ck_assert_uint_eq(header.sequence, (uint32_t)i);
		ck_assert_uint_eq(header.control >> 8, (uint32_t)i); /* a number for each request */
		ck_assert_uint_eq(header.control, header.control_done);
	}
	ck_assert_int_eq(stat(path, &status), 0);
	ck_assert_uint_eq(status.st_mode & 0777, 0400);
}
END_TEST

/* From here on this test process may not write to the memory of others, as under Yama's restrictions. */
static void forbid_writing_memory(void)
{
	struct sock_filter rules[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_process_vm_writev, 0, 1),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | EPERM),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
	};
	const struct sock_fprog program = {sizeof(rules) / sizeof(rules[0]), rules};

	ck_assert_int_eq(prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0), 0);
	ck_assert_int_eq(prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program), 0);
}

START_TEST(command_goes_through_the_file_where_memory_is_forbidden)
{
	struct error error = {""};
	struct stat status;

	write_file();
	start_child(obey);
	forbid_writing_memory();
	ck_assert_msg(target_control(child, MT_COMMAND_SNAPSHOT, &error) == 0, "%s", error.text);
	ck_assert_int_eq(stat(path, &status), 0);
	ck_assert_uint_eq(status.st_mode & 0777, 0400);
}
END_TEST

START_TEST(command_to_an_idle_process_stands)
{
	struct error error = {""};

	write_file();
	start_child(idle);
	ck_assert_int_eq(target_control(child, MT_COMMAND_STOP, &error), -EINPROGRESS);
	ck_assert_ptr_nonnull(strstr(error.text, "has not allocated since"));
}
END_TEST

/* Another memtrace is about to add a request. */
START_TEST(command_is_not_written_while_the_file_is_locked)
{
	struct error error = {""};
	struct mt_header *header;
	int fd;

	write_file();
	(void)chmod(path, 0600);
	header = map_file();
	ck_assert_ptr_nonnull(header);
	start_child(obey);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	ck_assert_int_eq(flock(fd, LOCK_EX), 0);
	ck_assert_int_eq(target_control(child, MT_COMMAND_STOP, &error), -EBUSY);
	ck_assert_ptr_nonnull(strstr(error.text, "nothing was asked for"));
	ck_assert_uint_eq(header->control, 0);
	ck_assert_int_eq(flock(fd, LOCK_UN), 0);
	ck_assert_int_eq(target_control(child, MT_COMMAND_STOP, &error), 0);
	ck_assert_int_eq(flock(fd, LOCK_EX | LOCK_NB), 0);
	(void)close(fd);
}
END_TEST

START_TEST(command_finds_its_place_when_numbers_begin_anew)
{
	const uint32_t last = mt_request_make(0xffffff, MT_COMMAND_START);
	struct error error = {""};
	struct mt_header *header;

	ck_assert_int_eq(mt_request_distance(last, mt_request_make(2, MT_COMMAND_STOP)), 3);
	ck_assert_int_eq(mt_request_distance(mt_request_make(2, MT_COMMAND_STOP), last), -3);
	write_file();
	(void)chmod(path, 0600);
	header = map_file();
	ck_assert_ptr_nonnull(header);
	header->control = last;
	header->control_done = last;
	start_child(idle);
	ck_assert_int_eq(target_control(child, MT_COMMAND_STOP, &error), -EINPROGRESS);
	ck_assert_uint_eq(header->control, mt_request_make(0, MT_COMMAND_STOP));
	ck_assert_uint_eq(header->requests[0], header->control);
}
END_TEST

Suite *unit_suite(void)
{
	Suite *suite = suite_create("target");
	TCase *find = tcase_create("find"), *control = tcase_create("control");

	tcase_add_checked_fixture(find, make_folder, clean_up);
	tcase_add_test(find, mapped_file_is_found);
	tcase_add_test(find, running_is_told_from_killed_by_the_file_alone);
	tcase_add_test(find, deleted_file_is_found);
	tcase_add_test(find, another_file_of_the_same_name_is_not_taken);
	tcase_add_test(find, memory_of_the_process_reads_like_the_file);
	tcase_add_test(find, process_without_trace_file_is_named);
	tcase_add_test(find, missing_process_is_named);
	tcase_add_test(find, forked_process_without_a_file_of_its_own_is_told_from_its_parent);
	suite_add_tcase(suite, find);
	tcase_set_timeout(control, 30);
	tcase_add_checked_fixture(control, make_folder, clean_up);
	tcase_add_test(control, command_reaches_the_process_and_is_waited_for);
	tcase_add_test(control, command_goes_through_the_file_where_memory_is_forbidden);
	tcase_add_test(control, command_to_an_idle_process_stands);
	tcase_add_test(control, command_is_not_written_while_the_file_is_locked);
	tcase_add_test(control, command_finds_its_place_when_numbers_begin_anew);
	suite_add_tcase(suite, control);
	return suite;
}
