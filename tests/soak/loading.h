/* SPDX-License-Identifier: Apache-2.0 */
/*
 * loading.h - two libraries that are loaded and unloaded in turn.
 */
#ifndef SOAK_LOADING_H
#define SOAK_LOADING_H

void loading_init(const char *path_a, const char *path_b);

/* Loads the next one, lets it allocate, frees that before or after it is unloaded. */
void loading_next(void);

/* A child that is forked while the loader is at work cannot exit. */
void loading_lock(void);
void loading_unlock(void);

#endif
