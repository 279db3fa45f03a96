/* SPDX-License-Identifier: Apache-2.0 */
/*
 * pages.h - zeroed memory for large tables.
 *
 * Tables of a large snapshot are looked into at random: on small pages each look also misses the processor's
 * cache of page addresses, and each page costs a fault. Large tables lie on huge pages where the system
 * gives any. For one thread.
 */
#ifndef BASE_PAGES_H
#define BASE_PAGES_H

#include <stddef.h>

/**
 * pages_alloc() - zeroed memory, aligned for every type; NULL when there is none.
 *
 * What is never written to costs no memory, but for the rest of a huge page and where it has been in use before.
 */
void *pages_alloc(size_t bytes);

/**
 * pages_free() - give it back. At most 16 MiB of large tables are kept for the next ones.
 * @memory: NULL is allowed.
 * @bytes: as given to pages_alloc().
 */
void pages_free(void *memory, size_t bytes);

/**
 * pages_grow() - the same contents in larger memory, whose end is zero; NULL when there is none, and @memory
 * stays as it is.
 * @memory: NULL with @bytes 0 is allowed. Gone on success.
 */
void *pages_grow(void *memory, size_t bytes, size_t larger_bytes);

#endif
