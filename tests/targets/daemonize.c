/* SPDX-License-Identifier: Apache-2.0 */
/*
 * daemonize.c - becomes a daemon (in /, descriptors on /dev/null), and goes on allocating.
 */
#include "truth.h"

static SITE void *site_before_daemon(void)
{
	void *p = malloc(72);

	KEEP_FRAME();
	return p;
}

static SITE void *site_in_daemon(void)
{
	void *p = malloc(144);

	KEEP_FRAME();
	return p;
}

int main(void)
{
	struct truth before = {.function = "site_before_daemon"};
	struct truth after = {.function = "site_in_daemon"};
	void *kept[10];

	for (int i = 0; i < 10; i++) {
		kept[i] = site_before_daemon();
		truth_alloc(&before, 72);
	}
	truth_tell(&before);
	truth_require(daemon(0, 0) == 0, "daemon");
	truth_inherit(&before);
	for (int i = 0; i < 10; i++) {
		(void)!site_in_daemon();
		truth_alloc(&after, 144);
		if (i < 4) {
			free(kept[i]);
			truth_free(&before, 72);
		}
	}
	truth_tell(&before);
	truth_tell(&after);
	truth_number("done", 1);
	return 0;
}
