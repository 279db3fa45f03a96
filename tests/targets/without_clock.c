/* SPDX-License-Identifier: Apache-2.0 */
/*
 * without_clock.c - takes the processor's clock away from itself and goes on allocating.
 */
#include "truth.h"

#include <linux/prctl.h>
#include <sys/prctl.h>

static SITE void *site_timeless(size_t bytes)
{
	void *p = malloc(bytes);

	KEEP_FRAME();
	return p;
}

int main(void)
{
	struct truth t = {.function = "site_timeless"};

	truth_require(prctl(PR_SET_TSC, PR_TSC_SIGSEGV) == 0, "PR_SET_TSC");
	for (int i = 0; i < 20000; i++) {
		truth_require(site_timeless(24) != NULL, "malloc");
		truth_alloc(&t, 24);
	}
	truth_tell(&t);
	return 0;
}
