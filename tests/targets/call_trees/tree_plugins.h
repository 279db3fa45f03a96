/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tree_plugins.h - the two libraries that are loaded at one address in turn.
 */
#ifndef TREE_PLUGINS_H
#define TREE_PLUGINS_H

void tree_plugins_name(const char *a, const char *b);

/* How often a library has stood where another one stood before. */
long tree_plugins_same(void);

#endif
