/* SPDX-License-Identifier: Apache-2.0 */
/*
 * progress.c - rewrites one line in place, ten times a second at most.
 */
#include "base/progress.h"

#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define PROGRESS_DELAY_NS UINT64_C(500000000)
#define PROGRESS_STEP_NS UINT64_C(100000000)
#define PROGRESS_DETAIL_MAX 40 /* the end of a longer detail is shown */

static uint64_t clock_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}

void progress_init(struct progress *progress, const char *title, bool is_wanted)
{
	*progress = (struct progress){.title = title};
	progress->is_on = is_wanted && isatty(STDERR_FILENO);
	if (progress->is_on)
		progress->next_ns = clock_ns() + PROGRESS_DELAY_NS;
}

void progress_update(struct progress *progress, size_t done, size_t total, const char *detail)
{
	size_t length = detail ? strlen(detail) : 0;
	uint64_t now;

	if (!progress->is_on)
		return;
	now = clock_ns();
	if (now < progress->next_ns)
		return;
	progress->next_ns = now + PROGRESS_STEP_NS;
	progress->is_shown = true;
	if (length > PROGRESS_DETAIL_MAX)
		detail += length - PROGRESS_DETAIL_MAX;
	fprintf(stderr, "\r\033[K%s: %zu%% %s", progress->title, total ? done * 100 / total : 100,
		detail ? detail : "");
	fflush(stderr);
}

void progress_fini(struct progress *progress)
{
	if (progress->is_shown)
		fputs("\r\033[K", stderr);
	progress->is_shown = false;
}
