/* SPDX-License-Identifier: Apache-2.0 */
/*
 * target_control.c - asks a traced process for something through the control word of its trace file.
 */
#define _GNU_SOURCE 1 /* process_vm_writev() */
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <time.h>
#include <unistd.h>

#include "model/target.h"

#define WAIT_STEP_NS 5000000L
#define WAIT_STEPS 600 /* 3 s */

static int write_memory(const struct target *target, size_t offset, uint32_t word)
{
	uint64_t address = target->header_address + offset;
	struct iovec local = {.iov_base = &word, .iov_len = sizeof(word)};
	struct iovec remote = {.iov_base = (void *)(uintptr_t)address, .iov_len = sizeof(word)};

	if (target->header_address == 0)
		return -EFAULT;
	return process_vm_writev(target->task, &local, 1, &remote, 1, 0) == sizeof(word) ? 0
											 : -errno;
}

/* The file is 0400 so that nobody truncates it by accident: it is writable for this moment only. */
static int write_file(const struct target *target, size_t offset, uint32_t word)
{
	char by_descriptor[32];
	struct stat status;
	int fd, result = 0;

	if (target->input.fd < 0)
		return -EACCES;
	if (fstat(target->input.fd, &status) < 0 ||
	    fchmod(target->input.fd, status.st_mode | S_IWUSR) < 0)
		return -errno;
	(void)snprintf(by_descriptor, sizeof(by_descriptor), "/proc/self/fd/%d", target->input.fd);
	fd = open(by_descriptor, O_WRONLY | O_CLOEXEC);
	if (fd < 0 || pwrite(fd, &word, sizeof(word), (off_t)offset) != sizeof(word))
		result = -errno;
	if (fd >= 0)
		(void)close(fd);
	if (fchmod(target->input.fd, status.st_mode) < 0 && result == 0)
		result = -errno;
	return result;
}

static int read_word(const struct target *target, size_t offset, uint32_t *word)
{
	return input_read(&target->input, offset, word, sizeof(*word));
}

static int write_word(const struct target *target, size_t offset, uint32_t word)
{
	int result = write_memory(target, offset, word);

	return result < 0 ? write_file(target, offset, word) : result;
}

/*
 * One controller at a time, or the request of one could take the place of another's. A file that cannot be
 * opened, or locked, is one that no two are likely to write to.
 */
static int lock(const struct target *target)
{
	const struct timespec step = {.tv_nsec = WAIT_STEP_NS};

	for (int i = 0; i < WAIT_STEPS; i++) {
		if (flock(target->input.fd, LOCK_EX | LOCK_NB) == 0 || errno != EWOULDBLOCK)
			return 0;
		(void)nanosleep(&step, NULL);
	}
	return -EWOULDBLOCK;
}

/* Behind those that wait. */
static int add(const struct target *target, enum mt_command command, uint32_t *request)
{
	uint32_t last, done, number;
	int result = read_word(target, offsetof(struct mt_header, control), &last);

	if (result == 0)
		result = read_word(target, offsetof(struct mt_header, control_done), &done);
	if (result < 0)
		return result;
	if (mt_request_distance(done, last) >= (int32_t)MT_REQUEST_MAX)
		return -EBUSY;
	number = mt_request_number(last) + 1;
	*request = mt_request_make(number, command);
	result = write_word(target,
			    offsetof(struct mt_header, requests) +
				    mt_request_place(number) * sizeof(*request),
			    *request);
	if (result < 0)
		return result;
	return write_word(target, offsetof(struct mt_header, control), *request);
}

static int request(const struct target *target, enum mt_command command, uint32_t *request)
{
	int result = lock(target);

	if (result == 0)
		result = add(target, command, request);
	(void)flock(target->input.fd, LOCK_UN);
	return result;
}

/* Waits until the process has carried out this request. */
static int wait_done(const struct target *target, uint32_t request)
{
	const struct timespec step = {.tv_nsec = WAIT_STEP_NS};
	uint32_t done;

	for (int i = 0; i < WAIT_STEPS; i++) {
		int result = read_word(target, offsetof(struct mt_header, control_done), &done);

		if (result < 0)
			return result;
		if (mt_request_distance(request, done) >= 0)
			return 0;
		(void)nanosleep(&step, NULL);
	}
	return -EINPROGRESS;
}

static bool is_sampled(const struct target *target)
{
	uint64_t sample_bytes = 0;

	(void)input_read(&target->input, offsetof(struct mt_header, sample_bytes), &sample_bytes,
			 sizeof(sample_bytes));
	return sample_bytes > 0;
}

static int explain(const struct target *target, int result, struct error *error)
{
	int pid = (int)target->pid;

	switch (result) {
	case 0:
		return 0;
	case -EINPROGRESS:
		return error_set(error, result,
				 is_sampled(target)
					 ? "process %d has taken no sample since; it will do this "
					   "at its next one"
					 : "process %d has not allocated since; it will do this at "
					   "its next allocation",
				 pid);
	case -EBUSY:
		return error_set(error, result,
				 "process %d: %u requests wait for its next %s: no more are taken",
				 pid, MT_REQUEST_MAX, is_sampled(target) ? "sample" : "allocation");
	case -EWOULDBLOCK:
		return error_set(error, -EBUSY,
				 "process %d: somebody else holds its trace file by a lock: "
				 "nothing was asked for",
				 pid);
	default:
		return error_set(error, result,
				 "process %d: its control word cannot be written: %s; run as its "
				 "user or with CAP_SYS_PTRACE",
				 pid, strerror(-result));
	}
}

int target_control(pid_t pid, enum mt_command command, struct error *error)
{
	struct target target;
	uint32_t word = 0;
	int result = target_open(pid, &target, error);

	if (result < 0)
		return result;
	result = request(&target, command, &word);
	if (result == 0)
		result = wait_done(&target, word);
	result = explain(&target, result, error);
	target_close(&target);
	return result;
}
