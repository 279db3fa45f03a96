/* SPDX-License-Identifier: Apache-2.0 */
/*
 * os.c - the system calls of the shim, made directly.
 *
 * Raw system calls because libc's wrappers set errno, may be interposed by the program, and some are
 * cancellation points.
 */
#define _GNU_SOURCE
#include "os.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/auxv.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <time.h>

#include "memtrace/atomic.h"
#include "os_call.h"
#include "os_lock.h"

#ifndef MAP_FIXED_NOREPLACE
#define MAP_FIXED_NOREPLACE 0x100000 /* Linux 4.17; before it the address is a wish */
#endif
#ifndef MADV_WIPEONFORK
#define MADV_WIPEONFORK 18
#endif
#ifndef MADV_POPULATE_READ
#define MADV_POPULATE_READ 22
#endif
#ifndef MADV_POPULATE_WRITE
#define MADV_POPULATE_WRITE 23
#endif

static void *os_pointer(long result)
{
	return result < 0 && result >= -4095 ? NULL : (void *)result;
}

#define OS_PAGE ((size_t)4096)

/*
 * ThreadSanitizer hears of them through libc only; else what threads
 * did at these addresses before they were given back would be taken for a race.
 */
#if defined(MT_ATOMIC_IS_WATCHED)
void *os_choose(void *place, size_t bytes)
{
	int flags = MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE;
	void *p = mmap(place, bytes, PROT_NONE, place == NULL ? flags : flags | MAP_FIXED_NOREPLACE,
		       -1, 0);

	return p == MAP_FAILED ? NULL : p;
}
#else
void *os_choose(void *place, size_t bytes)
{
	int flags = MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE;

	return os_pointer(CALL6(SYS_mmap, place, bytes, PROT_NONE,
				place == NULL ? flags : flags | MAP_FIXED_NOREPLACE, -1, 0));
}
#endif

char *os_reserve(size_t bytes)
{
	char *p = os_choose(NULL, bytes + 2 * OS_PAGE);

	/* what takes its place would be counted beside it */
	if (p != NULL && mt_load_relaxed(&os_is_locking))
		os_unlock(p, bytes + 2 * OS_PAGE);
	return p == NULL ? NULL : p + OS_PAGE;
}

int os_map_into(char *place, size_t bytes, int flags, int fd, uint64_t offset)
{
	bool is_locking = mt_load_relaxed(&os_is_locking);
	long result = CALL6(SYS_mmap, place, bytes, is_locking ? PROT_NONE : PROT_READ | PROT_WRITE,
			    flags | MAP_FIXED, fd, offset);

	if (os_pointer(result) == NULL)
		return (int)result;
	if (is_locking && !os_open_unlocked(place, bytes))
		return -ENOMEM;
	(void)os_advise(place, bytes, MADV_DONTDUMP);
	return 0;
}

/* The same between inaccessible pages of its own. */
static int os_map_apart(size_t bytes, int flags, int fd, uint64_t offset, void **out)
{
	char *place = os_reserve(bytes);
	int status = place == NULL ? -ENOMEM : os_map_into(place, bytes, flags, fd, offset);

	if (place != NULL && status < 0)
		os_unmap(place, bytes);
	*out = status < 0 ? NULL : place;
	return status;
}

void *os_map(size_t bytes)
{
	void *place;

	(void)os_map_apart(bytes, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0, &place);
	return place;
}

int os_map_file(int fd, uint64_t offset, size_t bytes, void **out)
{
	int status = os_map_apart(bytes, MAP_SHARED, fd, offset, out);

	if (status < 0)
		return status;
	(void)os_advise(*out, bytes, MADV_RANDOM);
	return 0;
}

void os_unmap(void *address, size_t bytes)
{
	(void)CALL2(SYS_munmap, (char *)address - OS_PAGE, bytes + 2 * OS_PAGE);
}

bool os_map_move(void *from, void *to, size_t bytes)
{
	if (os_pointer(CALL5(SYS_mremap, from, bytes, bytes, MREMAP_MAYMOVE | MREMAP_FIXED, to)) ==
	    NULL)
		return false;
	(void)CALL2(SYS_munmap, (char *)from - OS_PAGE, OS_PAGE);
	(void)CALL2(SYS_munmap, (char *)from + bytes, OS_PAGE);
	return true;
}

void os_populate(void *address, size_t bytes)
{
	(void)os_advise(address, bytes, MADV_POPULATE_WRITE);
}

int os_advise(void *address, size_t bytes, int advice)
{
	return (int)CALL3(SYS_madvise, address, bytes, advice);
}

bool os_wipe_in_children(void *address, size_t bytes)
{
	return os_advise(address, bytes, MADV_WIPEONFORK) == 0;
}

/* -EINVAL is also the answer for pages that may not be read: one that may be tells the two apart. */
static bool os_knows_populate(void)
{
	static const char own;
	uintptr_t page = (uintptr_t)&own & ~(uintptr_t)4095;

	return CALL3(SYS_madvise, page, 4096, MADV_POPULATE_READ) == 0;
}

bool os_is_readable(const void *address, size_t bytes)
{
	uintptr_t first = (uintptr_t)address & ~(uintptr_t)4095;
	uintptr_t end = ((uintptr_t)address + bytes + 4095) & ~(uintptr_t)4095;
	long result = CALL3(SYS_madvise, first, end - first, MADV_POPULATE_READ);

	if (result != -EINVAL || os_knows_populate())
		return result == 0;
	/* before Linux 5.14: says at least whether something is mapped there */
	return CALL3(SYS_madvise, first, end - first, MADV_WILLNEED) != -ENOMEM;
}

int os_open(const char *path, int flags, unsigned mode)
{
	return (int)CALL4(SYS_openat, AT_FDCWD, path, flags, mode);
}

int os_close(int fd)
{
	return (int)CALL1(SYS_close, fd);
}

long os_read(int fd, void *buffer, size_t bytes)
{
	long result;

	do
		result = CALL3(SYS_read, fd, buffer, bytes);
	while (result == -EINTR);
	return result;
}

long os_write(int fd, const void *buffer, size_t bytes)
{
	const char *p = buffer;
	size_t left = bytes;

	while (left > 0) {
		long result = CALL3(SYS_write, fd, p, left);

		if (result == -EINTR)
			continue;
		if (result <= 0)
			return result;
		p += result;
		left -= (size_t)result;
	}
	return (long)bytes;
}

long os_write_at(int fd, const void *buffer, size_t bytes, uint64_t offset)
{
	size_t done = 0;

	while (done < bytes) {
		long result = CALL4(SYS_pwrite64, fd, (const char *)buffer + done, bytes - done,
				    offset + done);

		if (result == -EINTR)
			continue;
		if (result <= 0)
			return result < 0 ? result : -EIO;
		done += (size_t)result;
	}
	return (long)bytes;
}

int os_write_zeros_at(int fd, size_t bytes, uint64_t offset)
{
	static const char zeros[OS_PAGE];
	struct iovec pages[16];
	size_t done = 0;

	for (size_t i = 0; i < sizeof(pages) / sizeof(pages[0]); i++)
		pages[i] = (struct iovec){.iov_base = (void *)(uintptr_t)zeros,
					  .iov_len = sizeof(zeros)};
	while (done < bytes) {
		size_t count = (bytes - done) / sizeof(zeros);
		long result;

		if (count > sizeof(pages) / sizeof(pages[0]))
			count = sizeof(pages) / sizeof(pages[0]);
		/* after a write that was cut short the first page is the part that makes the rest whole pages */
		pages[0].iov_len = (bytes - done - 1) % sizeof(zeros) + 1;
		result = CALL5(SYS_pwritev, fd, pages, count == 0 ? 1 : count, offset + done, 0);
		if (result == -EINTR)
			continue;
		if (result <= 0)
			return result < 0 ? (int)result : -EIO;
		done += (size_t)result;
	}
	return 0;
}

int os_truncate(int fd, uint64_t bytes)
{
	return (int)CALL2(SYS_ftruncate, fd, bytes);
}

int os_allocate(int fd, uint64_t offset, uint64_t bytes)
{
	long result;

	do
		result = CALL4(SYS_fallocate, fd, 0, offset, bytes);
	while (result == -EINTR);
	return (int)result;
}

int os_stat(int fd, struct stat *out)
{
#if defined(SYS_fstat)
	return (int)CALL2(SYS_fstat, fd, out);
#else
	return (int)CALL4(SYS_newfstatat, fd, "", out, AT_EMPTY_PATH);
#endif
}

int os_mkdir(const char *path, unsigned mode)
{
	return (int)CALL3(SYS_mkdirat, AT_FDCWD, path, mode);
}

int os_chmod_path(const char *path, unsigned mode)
{
	return (int)CALL3(SYS_fchmodat, AT_FDCWD, path, mode);
}

int os_chmod(int fd, unsigned mode)
{
	return (int)CALL2(SYS_fchmod, fd, mode);
}

int os_unlink(const char *path)
{
	return (int)CALL3(SYS_unlinkat, AT_FDCWD, path, 0);
}

int os_rename_new(const char *from, const char *to)
{
	int status = (int)CALL5(SYS_linkat, AT_FDCWD, from, AT_FDCWD, to, 0);

	if (status == 0)
		return os_unlink(from);
	/* file systems without hard links have renameat2 */
	if (status == -EEXIST)
		return status;
	return (int)CALL5(SYS_renameat2, AT_FDCWD, from, AT_FDCWD, to, RENAME_NOREPLACE);
}

long os_readlink(const char *path, char *buffer, size_t bytes)
{
	long result = CALL4(SYS_readlinkat, AT_FDCWD, path, buffer, bytes - 1);

	if (result >= 0)
		buffer[result] = '\0';
	return result;
}

long os_getcwd(char *buffer, size_t bytes)
{
	return CALL2(SYS_getcwd, buffer, bytes);
}

int os_getpid(void)
{
	return (int)CALL0(SYS_getpid);
}

int os_gettid(void)
{
	return (int)CALL0(SYS_gettid);
}

bool os_has_thread(int tid)
{
	return CALL2(SYS_tkill, tid, 0) != -ESRCH;
}

void os_thread_name(char name[16])
{
	if (CALL5(SYS_prctl, PR_GET_NAME, name, 0, 0, 0) < 0)
		name[0] = '\0';
	name[15] = '\0';
}

bool os_is_on_alternate_stack(void)
{
	stack_t stack;

	return CALL2(SYS_sigaltstack, NULL, &stack) == 0 && (stack.ss_flags & SS_ONSTACK) != 0;
}

unsigned os_cpu_count(void)
{
	unsigned long mask[128];
	long bytes = CALL3(SYS_sched_getaffinity, 0, sizeof(mask), mask);
	unsigned count = 0;

	for (long i = 0; i < bytes / (long)sizeof(mask[0]); i++)
		count += (unsigned)__builtin_popcountl(mask[i]);
	return count > 0 ? count : 1;
}

uint64_t os_file_size_limit(void)
{
	struct rlimit limit;

	if (CALL4(SYS_prlimit64, 0, RLIMIT_FSIZE, NULL, &limit) < 0)
		return UINT64_MAX;
	return limit.rlim_cur == RLIM_INFINITY ? UINT64_MAX : limit.rlim_cur;
}

static uint64_t os_clock_last_ns[2];

static uint64_t os_clock_ns(clockid_t clock)
{
	uint64_t *last = &os_clock_last_ns[clock == CLOCK_MONOTONIC];
	struct timespec now;

	/* strict mode takes even the instruction away that the vdso needs */
	if (!os_may(OS_CLOCK))
		return mt_load_relaxed(last);
	/* the vdso's: no system call, no errno on the clocks used here */
	if (clock_gettime(clock, &now) != 0)
		return 0;
	return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}

void os_clock_note(void)
{
	mt_store_relaxed(&os_clock_last_ns[0], os_clock_ns(CLOCK_REALTIME));
	mt_store_relaxed(&os_clock_last_ns[1], os_clock_ns(CLOCK_MONOTONIC));
}

uint64_t os_monotonic_ns(void)
{
	return os_clock_ns(CLOCK_MONOTONIC);
}

uint64_t os_realtime_ns(void)
{
	return os_clock_ns(CLOCK_REALTIME);
}

static bool os_identify(const char *path, struct stat *out)
{
	int fd = os_open(path, O_PATH | O_CLOEXEC, 0);
	int status = fd < 0 ? fd : os_stat(fd, out);

	if (fd >= 0)
		(void)os_close(fd);
	return status == 0;
}

/* The name that was started may be that of a script, and the interpreter is what runs. */
static bool os_is_executable(const char *path)
{
	struct stat named, running;

	return os_identify(path, &named) && os_identify("/proc/self/exe", &running) &&
	       named.st_dev == running.st_dev && named.st_ino == running.st_ino;
}

static void os_find_executable(char *path, size_t bytes)
{
	const char *started = (const char *)getauxval(AT_EXECFN);
	size_t length = started == NULL ? 0 : strlen(started);

	path[0] = '\0';
	if (length > 0 && length < bytes && started[0] == '/' &&
	    strncmp(started, "/proc/", 6) != 0 && os_is_executable(started))
		memcpy(path, started, length + 1);
	else if (os_readlink("/proc/self/exe", path, bytes) < 0)
		path[0] = '\0';
}

void os_executable(char *path, size_t bytes)
{
	static char found[OS_PAGE]; /* it is asked for twice, and looking costs six system calls */

	if (found[0] == '\0')
		os_find_executable(found, sizeof(found));
	path[0] = '\0';
	if (strlen(found) < bytes)
		strcpy(path, found);
}

long os_read_file(const char *path, char *buffer, size_t bytes)
{
	int fd = os_open(path, O_RDONLY | O_CLOEXEC, 0);
	size_t used = 0;
	long got = 0;

	if (fd < 0)
		return fd;
	while (used < bytes - 1 && (got = os_read(fd, buffer + used, bytes - 1 - used)) > 0)
		used += (size_t)got;
	buffer[used] = '\0';
	(void)os_close(fd);
	return got < 0 ? got : (long)used;
}
