/* SPDX-License-Identifier: Apache-2.0 */
/*
 * os_region.h - mappings that stay until the end of the process, one right behind the other.
 *
 * Layer 0. fork(2) and exec(2) take their time for each mapping that the system keeps. Neighbours of one kind, and
 * neighbouring pages of one file, are one mapping; an inaccessible page stands before the first and behind the last
 * of a region. Regions lie 64 GiB apart and below what the program maps. Lock-free: who finds another thread at
 * it, or no room there, gets a place elsewhere.
 */
#ifndef PRELOAD_OS_REGION_H
#define PRELOAD_OS_REGION_H

#include <stdbool.h>
#include <stddef.h>

/*
 * Private, zeroed pages; bytes is a multiple of the page size. NULL when there are none.
 * @is_wiped: out, whether a child of fork finds them zeroed (before Linux 4.14 they are copied); NULL = it must not.
 */
void *os_region_map(size_t bytes, bool *is_wiped);

/*
 * A further range of a file that is mapped already, without a descriptor: page is the start of a mapped page that
 * lies delta bytes before the wanted range. NULL on failure.
 */
void *os_region_map_file(void *page, size_t delta, size_t bytes);

/* Gives the memory of one of these back, not its addresses. */
void os_region_give_back(void *start, size_t bytes);

#endif
