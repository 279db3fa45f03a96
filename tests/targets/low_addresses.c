/* SPDX-License-Identifier: Apache-2.0 */
/*
 * low_addresses.c - says how far the heap's end can be moved, how much memory there is below 2 GiB, and which of the places
 * that programs ask for by their addresses are free. It allocates at each step, so that whoever watches is there.
 */
#include "truth.h"

#include <errno.h>
#include <malloc.h>
#include <stdint.h>
#include <sys/mman.h>

#define HEAP_STEP ((size_t)1 << 30)
#define HEAP_STEPS_MAX 64
#define LOW_BYTES ((size_t)16 << 20)
#define LOW_MAX 128
#define PLACE_BYTES ((size_t)1 << 20)

/* Of old executables, of emulators and language runtimes, and of the shadows that sanitizers keep. */
static const uintptr_t places[] = {0x10000,	   0x400000,	   0x8048000,	   0x10000000,
				   0x40000000,	   0x7fff8000,	   0x100000000,	   0xc000000000,
				   0x02008fff7000, 0x10007fff8000, 0x200000000000, 0x600000000000,
				   0x7b0000000000};

static void say(const char *what, long value)
{
	char line[128];
	int length = snprintf(line, sizeof(line), "%s: %ld\n", what, value);

	truth_require(write(1, line, (size_t)length) == length, "line");
	truth_require(malloc(100) != NULL, "malloc");
}

static long grow_heap(void)
{
	char *end = sbrk(0);
	long steps = 0;

	while (steps < HEAP_STEPS_MAX && sbrk((intptr_t)HEAP_STEP) != (void *)-1)
		steps++;
	truth_require(brk(end) == 0, "brk");
	return steps;
}

static long fill_low(void)
{
	static void *low[LOW_MAX];
	long count = 0;

	while (count < LOW_MAX) {
		low[count] = mmap(NULL, LOW_BYTES, PROT_NONE,
				  MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | MAP_32BIT, -1, 0);
		if (low[count] == MAP_FAILED)
			break;
		count++;
	}
	for (long i = 0; i < count; i++)
		munmap(low[i], LOW_BYTES);
	return count;
}

/* 0 or an errno. */
static int take(uintptr_t place)
{
	void *p = mmap((void *)place, PLACE_BYTES, PROT_READ | PROT_WRITE,
		       MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE, -1, 0);

	if (p == MAP_FAILED)
		return errno;
	munmap(p, PLACE_BYTES);
	return 0;
}

int main(void)
{
	uintptr_t behind;
	char what[64];

	mallopt(M_MMAP_THRESHOLD, 1 << 30);
	truth_require(malloc(100) != NULL, "malloc");
	say("steps of the heap", grow_heap());
	say("low mappings", fill_low());
	for (size_t i = 0; i < sizeof(places) / sizeof(places[0]); i++) {
		snprintf(what, sizeof(what), "errno at %lx", (unsigned long)places[i]);
		say(what, take(places[i]));
	}
	behind = (uintptr_t)sbrk(0);
	for (unsigned shift = 21; shift < 40; shift++) {
		snprintf(what, sizeof(what), "errno 2^%u behind the heap", shift);
		say(what, take(behind + ((uintptr_t)1 << shift)));
	}
	return 0;
}
