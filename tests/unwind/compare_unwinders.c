/* SPDX-License-Identifier: Apache-2.0 */
/*
 * compare_unwinders.c - a preload that walks the stack of every 100th malloc() with both unwinders.
 *
 * At exit it adds to the file COMPARE_OUT one line "compared equal ours_broken" and the first stacks that
 * differ. COMPARE_LIBUNWIND names libmemtrace-libunwind.so, COMPARE_EVERY another distance.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "memtrace/atomic.h"
#include "unwind.h"
#include "unwind_second.h"

#define EXPORT __attribute__((visibility("default")))
#define LOCAL __thread __attribute__((tls_model("initial-exec")))
#define FRAME_MAX 4096
#define SHOWN_FRAMES 64
#define SHOWN_MAX 20

struct stack {
	enum unwind_status status;
	uint64_t count;
	uint64_t frames[FRAME_MAX];
};

struct shown {
	uint64_t counts[2];
	enum unwind_status status[2];
	uint64_t frames[2][SHOWN_FRAMES];
};

static void *(*next_malloc)(size_t);
static bool is_ready;
static char out_path[4096]; /* copied: nginx clears its environment */
static uint64_t every = 100;
static uint64_t call_count, compared_count, equal_count, broken_count;
static uint32_t shown_count;
static struct shown shown[SHOWN_MAX];
static LOCAL struct unwind_bounds bounds;
static LOCAL struct stack *stacks;
static LOCAL bool is_inside;

static void __attribute__((constructor)) start(void)
{
	const char *path = getenv("COMPARE_LIBUNWIND"), *distance = getenv("COMPARE_EVERY");
	const char *out = getenv("COMPARE_OUT");

	if (out)
		snprintf(out_path, sizeof(out_path), "%s", out);
	if (distance)
		every = strtoull(distance, NULL, 10);
	unwind_init();
	is_inside = true;
	is_ready = path && unwind_second_open(path);
	is_inside = false;
}

static void walk_ours(const struct unwind_regs *regs, struct stack *stack)
{
	struct unwind_cursor cursor;

	stack->count = 0;
	unwind_begin(&cursor, regs, &bounds);
	while ((stack->status = unwind_next(&cursor)) == UNWIND_FRAME && stack->count < FRAME_MAX)
		stack->frames[stack->count++] = cursor.frame_address;
}

static void walk_second(const struct unwind_regs *regs, struct stack *stack)
{
	struct unwind_cursor cursor;
	uint64_t i;

	stack->count = unwind_second_walk(regs, &bounds, stack->frames, FRAME_MAX, &stack->status);
	unwind_begin(&cursor, regs, &bounds);
	for (i = 0; i < stack->count; i++) {
		unwind_second_frame(&cursor, stack->frames[i]);
		stack->frames[i] = cursor.frame_address;
	}
}

static void show(void)
{
	uint32_t place = mt_fetch_add_relaxed(&shown_count, 1);
	int i;

	if (place >= SHOWN_MAX)
		return;
	for (i = 0; i < 2; i++) {
		shown[place].counts[i] = stacks[i].count;
		shown[place].status[i] = stacks[i].status;
		memcpy(shown[place].frames[i], stacks[i].frames, sizeof(shown[place].frames[i]));
	}
}

static void compare(const struct unwind_regs *regs)
{
	if (!stacks) {
		stacks = mmap(NULL, 2 * sizeof(*stacks), PROT_READ | PROT_WRITE,
			      MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
		if (stacks == MAP_FAILED)
			abort();
	}
	walk_ours(regs, &stacks[0]);
	walk_second(regs, &stacks[1]);
	(void)mt_add_relaxed(&compared_count, 1);
	if (stacks[0].status == UNWIND_BROKEN)
		(void)mt_add_relaxed(&broken_count, 1);
	if (stacks[0].count == stacks[1].count &&
	    memcmp(stacks[0].frames, stacks[1].frames, stacks[0].count * sizeof(uint64_t)) == 0)
		(void)mt_add_relaxed(&equal_count, 1);
	else
		show();
}

EXPORT void *malloc(size_t bytes)
{
	struct unwind_regs regs;

	if (!next_malloc)
		*(void **)(void *)&next_malloc = dlsym(RTLD_NEXT, "malloc");
	if (is_ready && !is_inside && mt_add_relaxed(&call_count, 1) % every == 0) {
		is_inside = true;
		unwind_regs_capture(&regs);
		compare(&regs);
		is_inside = false;
	}
	return next_malloc(bytes);
}

static void print_stack(FILE *out, const struct shown *item, int which)
{
	uint64_t i;

	fprintf(out, "%s, %llu frames, status %d:\n", which == 0 ? "ours" : "libunwind's",
		(unsigned long long)item->counts[which], (int)item->status[which]);
	for (i = 0; i < item->counts[which] && i < SHOWN_FRAMES; i++) {
		uint64_t address = item->frames[which][i];
		Dl_info info = {0};
		bool is_known = dladdr((void *)(uintptr_t)address, &info) != 0;

		fprintf(out, "  %2llu %s+%#llx %s\n", (unsigned long long)i,
			is_known ? info.dli_fname : "?",
			(unsigned long long)(address - (uint64_t)(uintptr_t)info.dli_fbase),
			info.dli_sname ? info.dli_sname : "");
	}
}

static void __attribute__((destructor)) report(void)
{
	FILE *out = out_path[0] ? fopen(out_path, "ae") : NULL;
	uint32_t i;

	is_inside = true;
	if (!out)
		return;
	fprintf(out, "%llu %llu %llu\n", (unsigned long long)compared_count,
		(unsigned long long)equal_count, (unsigned long long)broken_count);
	for (i = 0; i < shown_count && i < SHOWN_MAX; i++) {
		print_stack(out, &shown[i], 0);
		print_stack(out, &shown[i], 1);
	}
	fclose(out);
}
