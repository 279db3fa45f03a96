/* SPDX-License-Identifier: Apache-2.0 */
/*
 * counting_preload.c - an oracle: stands in front of libmemtrace.so in LD_PRELOAD and counts every
 * allocation and free by the definitions of ARCHITECTURE.md, in the plainest way there is.
 *
 * One lock, one table, one shared mapping of the file COUNTING_OUT/<pid>.<n>.count, which is right at every
 * moment and survives _exit and SIGKILL. A forked child notices by a word that fork wipes and starts a file
 * of its own. A child that shares our memory (vfork) counts here, as the blocks are the parent's.
 */
#include "counting_table.h"

#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define PUBLIC __attribute__((visibility("default")))

void *reallocarray(void *, size_t, size_t);
void cfree(void *);
void free_sized(void *, size_t);
void free_aligned_sized(void *, size_t, size_t);
void *aligned_alloc(size_t, size_t);
void *memalign(size_t, size_t);
void *valloc(size_t);
void *pvalloc(size_t);

/* The file. tests/system/oracle.py reads it. */
struct counts {
	char magic[8];
	int64_t pid;
	int64_t alloc_count, free_count, alloc_bytes, freed_bytes;
	int64_t live_blocks, live_bytes;
	int64_t foreign_free_count, unseen_free_count;
	int64_t early_count; /* requests served from the start-up pool: memtrace cannot have seen them */
	int64_t is_done; /* the destructor ran */
	char program[128];
};

static struct {
	void *(*malloc)(size_t);
	void *(*calloc)(size_t, size_t);
	void *(*realloc)(void *, size_t);
	void *(*reallocarray)(void *, size_t, size_t);
	void *(*aligned_alloc)(size_t, size_t);
	void *(*memalign)(size_t, size_t);
	int (*posix_memalign)(void **, size_t, size_t);
	void *(*valloc)(size_t);
	void *(*pvalloc)(size_t);
	void (*free)(void *);
	void (*cfree)(void *);
	void (*free_sized)(void *, size_t);
	void (*free_aligned_sized)(void *, size_t, size_t);
} next;

#define ENTRY(name)                                                                                \
	{                                                                                          \
#name, (void **)&next.name                                                         \
	}
static const struct {
	const char *name;
	void **slot;
} entries[] = {
	ENTRY(malloc),
	ENTRY(calloc),
	ENTRY(realloc),
	ENTRY(reallocarray),
	ENTRY(aligned_alloc),
	ENTRY(memalign),
	ENTRY(valloc),
	ENTRY(pvalloc),
	ENTRY(posix_memalign),
	ENTRY(free),
	ENTRY(cfree),
	ENTRY(free_sized),
	ENTRY(free_aligned_sized),
};

static struct counts *counts, lost_counts;
static struct table live;
static int lock_word;
static int *fork_word; /* 1; 0 in a forked child */
static __thread int depth __attribute__((tls_model("initial-exec")));
static char pool[65536] __attribute__((aligned(16)));
static size_t pool_used;

static void lock(void)
{
	while (__atomic_exchange_n(&lock_word, 1, __ATOMIC_ACQUIRE))
		sched_yield();
}

static void unlock(void)
{
	__atomic_store_n(&lock_word, 0, __ATOMIC_RELEASE);
}

static void name_program(char *name, size_t capacity)
{
	char path[512];
	ssize_t length = readlink("/proc/self/exe", path, sizeof(path) - 1);
	const char *base;

	path[length > 0 ? length : 0] = '\0';
	base = strrchr(path, '/');
	snprintf(name, capacity, "%s", base ? base + 1 : path);
}

static void open_file(void)
{
	const char *folder = getenv("COUNTING_OUT");
	char path[512];
	int fd = -1;

	counts = &lost_counts;
	memset(counts, 0, sizeof(*counts));
	for (int n = 0; folder && fd < 0 && n < 10000; n++) {
		snprintf(path, sizeof(path), "%s/%d.%d.count", folder, (int)getpid(), n);
		fd = open(path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
		if (fd < 0 && errno != EEXIST)
			return;
	}
	if (fd < 0)
		return;
	if (ftruncate(fd, sizeof(*counts)) == 0)
		counts = mmap(NULL, sizeof(*counts), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	close(fd);
	if (counts == MAP_FAILED)
		__builtin_trap();
	memcpy(counts->magic, "COUNTING", 8);
	counts->pid = getpid();
	name_program(counts->program, sizeof(counts->program));
}

static void start_child(void)
{
	size_t bytes = 0;

	open_file();
	/* Not from the parent's file, which is shared and has gone on since the fork. */
	counts->live_blocks = (int64_t)table_sum(&live, &bytes);
	counts->live_bytes = (int64_t)bytes;
	*fork_word = 1;
}

static void start(void)
{
	fork_word = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (fork_word == MAP_FAILED || madvise(fork_word, 4096, MADV_WIPEONFORK))
		__builtin_trap();
	open_file();
	counts->early_count = lost_counts.early_count;
	*fork_word = 1;
}

/* Takes the lock. A forked child may have inherited a held one, and starts a file of its own. */
static void enter_counts(void)
{
	if (fork_word && !*fork_word)
		unlock();
	lock();
	if (!fork_word)
		start();
	else if (!*fork_word)
		start_child();
}

static void count_free(size_t bytes)
{
	counts->free_count++;
	counts->freed_bytes += (int64_t)bytes;
	counts->live_blocks--;
	counts->live_bytes -= (int64_t)bytes;
}

static void count_alloc(uintptr_t address, size_t bytes)
{
	size_t stale;

	/* Handed out again without a free that we saw: what stood here was freed behind our back. */
	if (table_remove(&live, address, &stale)) {
		counts->unseen_free_count++;
		count_free(stale);
	}
	table_insert(&live, address, bytes);
	counts->alloc_count++;
	counts->alloc_bytes += (int64_t)bytes;
	counts->live_blocks++;
	counts->live_bytes += (int64_t)bytes;
}

static void book_alloc(const void *p, size_t bytes)
{
	int saved_errno = errno;

	enter_counts();
	count_alloc((uintptr_t)p, bytes);
	unlock();
	errno = saved_errno;
}

static void book_free(const void *p)
{
	int saved_errno = errno;
	size_t bytes;

	enter_counts();
	if (table_remove(&live, (uintptr_t)p, &bytes))
		count_free(bytes);
	else
		counts->foreign_free_count++;
	unlock();
	errno = saved_errno;
}

static void resolve(void)
{
	for (size_t i = 0; i < sizeof(entries) / sizeof(entries[0]); i++)
		*entries[i].slot = dlsym(RTLD_NEXT, entries[i].name);
}

/* False while dlsym() itself asks for memory. */
static int enter(void)
{
	static int is_resolving;

	if (!next.malloc) {
		if (is_resolving)
			return 0;
		is_resolving = 1;
		depth++;
		resolve();
		depth--;
	}
	return 1;
}

static void *pool_alloc(size_t bytes)
{
	void *p = pool + pool_used;

	bytes = (bytes + 15) & ~(size_t)15;
	if (bytes > sizeof(pool) - pool_used)
		return NULL;
	pool_used += bytes;
	lost_counts.early_count++;
	return p;
}

static int is_pooled(const void *p)
{
	return (const char *)p >= pool && (const char *)p < pool + sizeof(pool);
}

/* Forwards, and counts the result unless the call came back to us from the allocator itself. */
#define ALLOCATE(forwarded, bytes)                                                                 \
	do {                                                                                       \
		void *result;                                                                      \
                                                                                                   \
		if (!enter())                                                                      \
			return pool_alloc(bytes);                                                  \
		depth++;                                                                           \
		result = next.forwarded;                                                           \
		depth--;                                                                           \
		if (result && !depth)                                                              \
			book_alloc(result, bytes);                                                 \
		return result;                                                                     \
	} while (0)

/* The block is forgotten before it is given back: another thread may get it at once. */
#define RELEASE(p, forwarded)                                                                      \
	do {                                                                                       \
		if (!(p) || is_pooled(p) || !enter())                                              \
			return;                                                                    \
		if (!depth)                                                                        \
			book_free(p);                                                              \
		depth++;                                                                           \
		forwarded;                                                                         \
		depth--;                                                                           \
	} while (0)

PUBLIC void *malloc(size_t bytes)
{
	ALLOCATE(malloc(bytes), bytes);
}

PUBLIC void *calloc(size_t count, size_t bytes)
{
	ALLOCATE(calloc(count, bytes), count * bytes);
}

PUBLIC void *aligned_alloc(size_t alignment, size_t bytes)
{
	ALLOCATE(aligned_alloc(alignment, bytes), bytes);
}

PUBLIC void *memalign(size_t alignment, size_t bytes)
{
	ALLOCATE(memalign(alignment, bytes), bytes);
}

PUBLIC void *valloc(size_t bytes)
{
	ALLOCATE(valloc(bytes), bytes);
}

PUBLIC void *pvalloc(size_t bytes)
{
	ALLOCATE(pvalloc(bytes), bytes);
}

PUBLIC int posix_memalign(void **out, size_t alignment, size_t bytes)
{
	int error;

	if (!enter())
		return ENOMEM;
	depth++;
	error = next.posix_memalign(out, alignment, bytes);
	depth--;
	if (!error && *out && !depth)
		book_alloc(*out, bytes);
	return error;
}

static void *forward_realloc(void *p, size_t count, size_t bytes)
{
	(void)count;
	return next.realloc(p, bytes);
}

static void *forward_reallocarray(void *p, size_t count, size_t bytes)
{
	return next.reallocarray(p, count, bytes);
}

/* A block of the start-up pool moves out of it; its size is not kept, but where the pool ends is. */
static void *move_out(const void *old, size_t bytes)
{
	size_t rest = (size_t)(pool + sizeof(pool) - (const char *)old);
	void *p = malloc(bytes);

	if (p)
		memcpy(p, old, bytes < rest ? bytes : rest);
	return p;
}

/*
 * The old block leaves the table before the call, since another thread may be given its address before we
 * are back; it returns if the call fails.
 */
static void *resize(void *old, size_t count, size_t bytes, void *(*forward)(void *, size_t, size_t))
{
	int saved_errno, is_known;
	size_t old_bytes = 0;
	void *result;

	enter_counts();
	is_known = table_remove(&live, (uintptr_t)old, &old_bytes);
	unlock();
	depth++;
	result = forward(old, count, bytes);
	depth--;
	saved_errno = errno;
	enter_counts();
	if (!result && bytes != 0 && count != 0) {
		if (is_known)
			table_insert(&live, (uintptr_t)old, old_bytes);
	} else {
		if (is_known)
			count_free(old_bytes);
		else if (old)
			counts->foreign_free_count++;
		if (result)
			count_alloc((uintptr_t)result, count * bytes);
	}
	unlock();
	errno = saved_errno;
	return result;
}

PUBLIC void *realloc(void *p, size_t bytes)
{
	if (!enter())
		return pool_alloc(bytes);
	if (is_pooled(p))
		return move_out(p, bytes);
	return depth ? next.realloc(p, bytes) : resize(p, 1, bytes, forward_realloc);
}

PUBLIC void *reallocarray(void *p, size_t count, size_t bytes)
{
	if (!enter())
		return pool_alloc(count * bytes);
	if (is_pooled(p))
		return move_out(p, count * bytes);
	return depth ? next.reallocarray(p, count, bytes)
		     : resize(p, count, bytes, forward_reallocarray);
}

PUBLIC void free(void *p)
{
	RELEASE(p, next.free(p));
}

PUBLIC void cfree(void *p)
{
	RELEASE(p, next.cfree ? next.cfree(p) : next.free(p));
}

PUBLIC void free_sized(void *p, size_t bytes)
{
	RELEASE(p, next.free_sized ? next.free_sized(p, bytes) : next.free(p));
}

PUBLIC void free_aligned_sized(void *p, size_t alignment, size_t bytes)
{
	RELEASE(p, next.free_aligned_sized ? next.free_aligned_sized(p, alignment, bytes)
					   : next.free(p));
}

static __attribute__((constructor)) void register_handlers(void)
{
	pthread_atfork(lock, unlock, unlock);
}

static __attribute__((destructor)) void mark_done(void)
{
	if (!fork_word || !*fork_word)
		return; /* this process has allocated nothing: it has no file */
	enter_counts();
	counts->is_done = 1;
	unlock();
}
