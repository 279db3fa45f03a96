/* SPDX-License-Identifier: Apache-2.0 */
/*
 * target_control.c - asks a traced process for something through the control word of its trace file.
 */
#define _GNU_SOURCE 1 /* process_vm_writev() */
#include <errno.h>
#include <fcntl.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <time.h>
#include <unistd.h>

#include "model/target.h"

#define COMMAND_BITS 8
#define WAIT_STEP_NS 5000000L
#define WAIT_STEPS 600 /* 3 s */

static int write_memory(const struct target *target, uint32_t word)
{
	uint64_t address = target->header_address + offsetof(struct mt_header, control);
	struct iovec local = {.iov_base = &word, .iov_len = sizeof(word)};
	struct iovec remote = {.iov_base = (void *)(uintptr_t)address, .iov_len = sizeof(word)};

	if (target->header_address == 0)
		return -EFAULT;
	return process_vm_writev(target->pid, &local, 1, &remote, 1, 0) == sizeof(word) ? 0
											: -errno;
}

/* The file is 0400 so that nobody truncates it by accident: it is writable for this moment only. */
static int write_file(const struct target *target, uint32_t word)
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
	if (fd < 0 ||
	    pwrite(fd, &word, sizeof(word), offsetof(struct mt_header, control)) != sizeof(word))
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

/* Waits until the process has answered this request or a later one. */
static int wait_done(const struct target *target, uint32_t word)
{
	const struct timespec step = {.tv_nsec = WAIT_STEP_NS};
	uint32_t done;

	for (int i = 0; i < WAIT_STEPS; i++) {
		int result = read_word(target, offsetof(struct mt_header, control_done), &done);

		if (result < 0)
			return result;
		if ((int32_t)(done >> COMMAND_BITS) - (int32_t)(word >> COMMAND_BITS) >= 0 &&
		    done != 0)
			return 0;
		(void)nanosleep(&step, NULL);
	}
	return -EINPROGRESS;
}

static int request(const struct target *target, enum mt_command command, uint32_t *word)
{
	int result = read_word(target, offsetof(struct mt_header, control), word);

	if (result < 0)
		return result;
	*word = ((*word >> COMMAND_BITS) + 1) << COMMAND_BITS | (uint32_t)command;
	result = write_memory(target, *word);
	return result < 0 ? write_file(target, *word) : result;
}

static int explain_delay(const struct target *target, struct error *error)
{
	uint64_t sample_bytes = 0;

	(void)input_read(&target->input, offsetof(struct mt_header, sample_bytes), &sample_bytes,
			 sizeof(sample_bytes));
	return error_set(error, -EINPROGRESS,
			 sample_bytes > 0
				 ? "process %d has taken no sample since; it will do this "
				   "at its next one"
				 : "process %d has not allocated since; it will do this at "
				   "its next allocation",
			 (int)target->pid);
}

int target_control(pid_t pid, enum mt_command command, struct error *error)
{
	struct target target;
	uint32_t word = 0;
	int result = target_open(pid, &target, error);

	if (result < 0)
		return result;
	result = request(&target, command, &word);
	if (result < 0)
		result = error_set(error, result,
				   "process %d: its control word cannot be written: %s; run as "
				   "its user or with CAP_SYS_PTRACE",
				   (int)pid, strerror(-result));
	else
		result = wait_done(&target, word);
	if (result == -EINPROGRESS)
		result = explain_delay(&target, error);
	target_close(&target);
	return result;
}
