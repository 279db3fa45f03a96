/* SPDX-License-Identifier: Apache-2.0 */
/*
 * client_calls.c - uses every function of memtrace.h; ARG is the folder for its snapshots.
 */
#include "truth.h"

#include "memtrace/memtrace.h"

#include <errno.h>

static SITE void *site_recorded(void)
{
	void *p = malloc(500);

	KEEP_FRAME();
	return p;
}

static SITE void *site_while_stopped(void)
{
	void *p = malloc(600);

	KEEP_FRAME();
	return p;
}

static SITE void site_of_pool(const void *address)
{
	memtrace_report_alloc(address, 700);
	KEEP_FRAME();
}

static SITE void *site_of_peak(size_t bytes)
{
	void *p = malloc(bytes);

	KEEP_FRAME();
	return p;
}

static void check_peak(void)
{
	size_t before, current, peak;

	memtrace_traced_memory(&before, &peak);
	free(site_of_peak(3000000));
	memtrace_traced_memory(&current, &peak);
	truth_number("is_current_restored", current == before);
	truth_number("is_peak_raised", peak >= before + 3000000);
	memtrace_reset_peak();
	memtrace_traced_memory(&current, &peak);
	truth_number("is_peak_reset", peak == current && current == before);
}

int main(int argc, char **argv)
{
	struct truth recorded = {.function = "site_recorded"};
	struct truth pool = {.function = "site_of_pool"};
	void *kept, *unknown;
	char path[512];

	truth_require(argc > 1, "usage");
	errno = 4711;
	kept = site_recorded();
	truth_alloc(&recorded, 500);
	memtrace_mark("before stop");
	memtrace_stop();
	unknown = site_while_stopped();
	free(kept); /* known: recorded also while stopped */
	truth_free(&recorded, 500);
	memtrace_start();
	free(unknown); /* foreign */
	(void)!site_recorded();
	truth_alloc(&recorded, 500);

	for (int i = 0; i < 10; i++) {
		site_of_pool(path + 32 * i);
		truth_alloc(&pool, 700);
		if (i % 2) {
			memtrace_report_free(path + 32 * i);
			truth_free(&pool, 700);
		}
	}
	check_peak();
	snprintf(path, sizeof(path), "%s/by-name.snap", argv[1]);
	truth_number("snapshot", memtrace_snapshot(path, "named by the program"));
	truth_number("snapshot_again", memtrace_snapshot(path, NULL) == -EEXIST);
	truth_number("snapshot_numbered", memtrace_snapshot(NULL, "numbered"));
	truth_require(errno == 4711, "errno changed");
	truth_tell(&recorded);
	truth_tell(&pool);
	return 0;
}
