/* SPDX-License-Identifier: Apache-2.0 */
/*
 * os.h - the system calls of the shim, made directly: no errno is touched, nothing of libc is entered.
 *
 * Layer 0. All functions return a negative errno on failure and may be called from a signal handler.
 * After the first event only os_map, os_unmap, os_remap, os_advise, os_is_readable, os_gettid and
 * os_thread_name are used (and the clock, which the kernel serves from user space), so that a program's
 * seccomp filter sees no kind of call that malloc itself does not make; os_has_thread only where thread.c has no
 * key, os_is_on_alternate_stack only where a handler of the program may have jumped out of an event. What a
 * filter of the program's own would not let through fails with -EPERM without being called (os_gate.h).
 */
#ifndef PRELOAD_OS_H
#define PRELOAD_OS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

struct stat;

/* Inaccessible pages; NULL when there are none. At that place or, before Linux 4.17, elsewhere; NULL = anywhere. */
void *os_choose(void *place, size_t bytes);
/* Inaccessible range with one more such page at each end, which os_unmap() removes too. */
char *os_reserve(size_t bytes);
/* Takes the place of a range of those; 0 or a negative errno. */
int os_map_into(char *place, size_t bytes, int flags, int fd, uint64_t offset);
/*
 * All mappings stand between two inaccessible pages, or between others of ours, so that what a program's overflow of
 * a large block of its own hits does not change, and stay out of core dumps. bytes is a multiple of the page size.
 *
 * os_map: private, zeroed pages; NULL when there are none. What stays for ever: os_region.h.
 */
void *os_map(size_t bytes);
/*
 * A range of a file, shared; *out is NULL on failure. The system reads nothing ahead there: of a sparse file that is
 * megabytes of zeros, made and cleared at the first page that the mapping adds.
 */
int os_map_file(int fd, uint64_t offset, size_t bytes, void **out);
/* Removes what one of the functions above made, guards included. */
void os_unmap(void *address, size_t bytes);
/* Puts the mapping at `from` (made by os_map_file) in the place of the one at `to`, which is dropped. */
bool os_map_move(void *from, void *to, size_t bytes);
/* Takes private pages now rather than when they are touched, if the system can (Linux 5.14). */
void os_populate(void *address, size_t bytes);
int os_advise(void *address, size_t bytes, int advice);
/*
 * Private pages that a child of fork finds zeroed, whichever call made it, instead of waiting for copies that most
 * children never read. False before Linux 4.14: then they are copied.
 */
bool os_wipe_in_children(void *address, size_t bytes);
/* Whether reading [address, address + bytes) would succeed; asks the kernel, touches nothing. */
bool os_is_readable(const void *address, size_t bytes);

int os_open(const char *path, int flags, unsigned mode);
int os_close(int fd);
long os_read(int fd, void *buffer, size_t bytes);
long os_write(int fd, const void *buffer, size_t bytes);
/* At a place in a file; all of it, or a negative errno. */
long os_write_at(int fd, const void *buffer, size_t bytes, uint64_t offset);
/* Zeros, in as few calls as there can be; 0 or a negative errno. */
int os_write_zeros_at(int fd, size_t bytes, uint64_t offset);
int os_truncate(int fd, uint64_t bytes);
int os_allocate(int fd, uint64_t offset, uint64_t bytes);
int os_stat(int fd, struct stat *out);
int os_mkdir(const char *path, unsigned mode);
int os_chmod(int fd, unsigned mode);
int os_chmod_path(const char *path, unsigned mode);
int os_unlink(const char *path);
/* Fails with -EEXIST when the new name is taken. */
int os_rename_new(const char *from, const char *to);
long os_readlink(const char *path, char *buffer, size_t bytes);
long os_getcwd(char *buffer, size_t bytes);

int os_getpid(void);
int os_gettid(void);

/* Whether there is such a thread now, in this process or, with the number used again, in another one. */
bool os_has_thread(int tid);
/* Name of the calling thread, 16 bytes, NUL-terminated. */
void os_thread_name(char name[16]);

/* Whether the caller is, or was called by, a signal handler on a stack of its own. */
bool os_is_on_alternate_stack(void);
unsigned os_cpu_count(void);
uint64_t os_file_size_limit(void); /* UINT64_MAX = none */
uint64_t os_monotonic_ns(void);
/* What the clocks say from the moment on in which they may no longer be looked at. */
void os_clock_note(void);
uint64_t os_realtime_ns(void);
/*
 * Path of the executable as it was started, if that is an absolute one: through a link like
 * /usr/bin/redis-server this is the name the user knows. Else what /proc/self/exe says; "" if unknown.
 */
void os_executable(char *path, size_t bytes);
/* Whole small file into buffer, NUL-terminated; length or negative errno. */
long os_read_file(const char *path, char *buffer, size_t bytes);

#endif
