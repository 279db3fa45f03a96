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

static void tell(const char *function, size_t peak, size_t at_peak, size_t live)
{
	truth_line("{\"pid\":%d,\"function\":\"%s\",\"peak_live_bytes\":%zu,"
		   "\"at_peak_live_bytes\":%zu,\"live_bytes\":%zu}",
		   (int)getpid(), function, peak, at_peak, live);
}

int main(void)
{
	void *early[3], *late[2];

	/* early 6, then 2; late 5 (process 7: the peak), then 1, then early 3 again. */
	for (int i = 0; i < 3; i++)
		early[i] = site_early(2 * MIB);
	free(early[1]);
	free(early[2]);
	late[0] = site_late(4 * MIB);
	late[1] = site_late(1 * MIB);
	free(late[0]);
	(void)!site_early(1 * MIB);
	tell("site_early", 6 * MIB, 2 * MIB, 3 * MIB);
	tell("site_late", 5 * MIB, 5 * MIB, 1 * MIB);
	(void)early[0];
	(void)late[1];
	return 0;
}
