/* SPDX-License-Identifier: Apache-2.0 */
/*
 * exit_status.c - how a process ended, kept in its trace file.
 */
#include "model/exit_status.h"

#include <errno.h>
#include <fcntl.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#define SECTIONS_MAX 4096u

static bool read_at(int fd, void *buffer, size_t bytes, uint64_t offset)
{
	return offset <= INT64_MAX && pread(fd, buffer, bytes, (off_t)offset) == (ssize_t)bytes;
}

/* Place of the field in the file; 0 = not a trace file that has it. */
static uint64_t find_field(int fd)
{
	const size_t field = offsetof(struct mt_process, exit_status);
	struct mt_header header;
	struct mt_section section;

	if (!read_at(fd, &header, sizeof(header), 0) ||
	    memcmp(header.magic, MT_MAGIC, sizeof(header.magic)) != 0 ||
	    header.endian != MT_ENDIAN_MARK || header.major != MT_MAJOR ||
	    header.kind != MT_KIND_LIVE || header.section_entry_size < sizeof(section))
		return 0;
	for (uint32_t i = 0; i < header.section_count && i < SECTIONS_MAX; i++) {
		uint64_t at = header.header_size + (uint64_t)i * header.section_entry_size;

		if (!read_at(fd, &section, sizeof(section), at))
			return 0;
		if (section.type == MT_SECTION_PROCESS && section.offset != 0 &&
		    section.entry_size >= field + sizeof(uint32_t) &&
		    section.offset < INT64_MAX - field)
			return section.offset + field;
	}
	return 0;
}

/* The file is 0400 so that nobody truncates it while it is mapped: writable for this moment only. */
static int write_field(int fd, uint64_t at, uint32_t value)
{
	char by_descriptor[32];
	struct stat status;
	int writable, ret = 0;

	if (fstat(fd, &status) != 0 || fchmod(fd, status.st_mode | S_IWUSR) != 0)
		return -errno;
	(void)snprintf(by_descriptor, sizeof(by_descriptor), "/proc/self/fd/%d", fd);
	writable = open(by_descriptor, O_WRONLY | O_CLOEXEC);
	if (writable < 0 || pwrite(writable, &value, sizeof(value), (off_t)at) != sizeof(value))
		ret = -errno;
	if (writable >= 0)
		(void)close(writable);
	if (fchmod(fd, status.st_mode) != 0 && ret == 0)
		ret = -errno;
	return ret;
}

int exit_status_store(const char *path, int wait_status)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
	uint64_t at;
	int ret;

	if (fd < 0)
		return -errno;
	at = find_field(fd);
	ret = at == 0 ? -EBADMSG : write_field(fd, at, (uint32_t)wait_status + 1);
	(void)close(fd);
	return ret;
}

struct exit_status_text exit_status_text_of(int wait_status)
{
	struct exit_status_text out;

	if (WIFSIGNALED(wait_status))
		(void)snprintf(out.text, sizeof(out.text), "signal %d (%.30s)",
			       WTERMSIG(wait_status), strsignal(WTERMSIG(wait_status)));
	else
		(void)snprintf(out.text, sizeof(out.text), "exit status %d",
			       WEXITSTATUS(wait_status));
	return out;
}

struct exit_status_text exit_status_text(const struct snapshot *snapshot)
{
	const struct exit_status_text unknown = {""};

	if (snapshot->process.exit_status == 0)
		return unknown;
	return exit_status_text_of((int)(snapshot->process.exit_status - 1));
}
