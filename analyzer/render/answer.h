/* SPDX-License-Identifier: Apache-2.0 */
/*
 * answer.h - the sentence that a report begins with.
 */
#ifndef RENDER_ANSWER_H
#define RENDER_ANSWER_H

#include "render/render.h"

struct answer {
	char rss[192];	   /* diff: growth of RSS beside that of the heap; "" = RSS is not known */
	char main[256];	   /* what the rows come to */
	char sampled[256]; /* that these are estimates, and of what width; "" = they are exact */
};

void answer_of(const struct view *view, struct answer *answer);

/**
 * snapshot_rss_bytes() - resident set at the time of a snapshot; 0 = unknown.
 */
uint64_t snapshot_rss_bytes(const struct snapshot *snapshot);

#endif
