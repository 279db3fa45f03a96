/* SPDX-License-Identifier: Apache-2.0 */
/*
 * paths.h - as many call stacks as a target wants: each bit of a number says which of two functions calls next.
 */
#ifndef PATHS_H
#define PATHS_H

#include "truth.h"

#define PATHS_STEPS 15
#define PATHS_MAX (1u << PATHS_STEPS)

typedef void *(*paths_site)(size_t bytes);

static SITE void *paths_left(unsigned path, unsigned steps, paths_site site, size_t bytes);

static SITE void *paths_right(unsigned path, unsigned steps, paths_site site, size_t bytes)
{
	void *p = steps == 0	    ? site(bytes)
		  : (path & 1) != 0 ? paths_left(path >> 1, steps - 1, site, bytes)
				    : paths_right(path >> 1, steps - 1, site, bytes);

	KEEP_FRAME();
	return p;
}

static SITE void *paths_left(unsigned path, unsigned steps, paths_site site, size_t bytes)
{
	void *p = steps == 0	    ? site(bytes)
		  : (path & 1) != 0 ? paths_left(path >> 1, steps - 1, site, bytes)
				    : paths_right(path >> 1, steps - 1, site, bytes);

	KEEP_FRAME();
	return p;
}

/* What the site gives, called by the path of that number. */
static inline void *paths_call(unsigned path, paths_site site, size_t bytes)
{
	return paths_left(path, PATHS_STEPS, site, bytes);
}

#endif
