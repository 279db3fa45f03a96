/* SPDX-License-Identifier: Apache-2.0 */
/*
 * peak.c - one thread; two sites whose own peaks fall at other moments than the peak of the whole.
 */
#include "truth.h"

#define MIB ((size_t)1 << 20)

static SITE void *site_early(size_t bytes)
{
	void *p = malloc(bytes);

	KEEP_FRAME();
	return p;
}

static SITE void *site_late(size_t bytes)
{
	void *p = malloc(bytes);

	KEEP_FRAME();
	return p;
}

/* early 6, then 2; late 5 (the whole 7: its peak), then 1; early 3. */
static const struct {
	char what; /* early, late or free */
	size_t mib;
	int slot;
} steps[] = {
	{'e', 2, 0}, {'e', 2, 1}, {'e', 2, 2}, {'f', 0, 1}, {'f', 0, 2},
	{'l', 4, 3}, {'l', 1, 4}, {'f', 0, 3}, {'e', 1, 5},
};

static void tell(const char *function, size_t peak, size_t at_peak, size_t live)
{
	truth_line("{\"pid\":%d,\"function\":\"%s\",\"peak_live_bytes\":%zu,"
		   "\"at_peak_live_bytes\":%zu,\"live_bytes\":%zu}",
		   (int)getpid(), function, peak, at_peak, live);
}

int main(void)
{
	void *blocks[6];

	/* One call of each function, so that each is one site. */
	for (size_t i = 0; i < sizeof(steps) / sizeof(steps[0]); i++) {
		if (steps[i].what == 'f')
			free(blocks[steps[i].slot]);
		else if (steps[i].what == 'e')
			blocks[steps[i].slot] = site_early(steps[i].mib * MIB);
		else
			blocks[steps[i].slot] = site_late(steps[i].mib * MIB);
	}
	tell("site_early", 6 * MIB, 2 * MIB, 3 * MIB);
	tell("site_late", 5 * MIB, 5 * MIB, 1 * MIB);
	return 0;
}
