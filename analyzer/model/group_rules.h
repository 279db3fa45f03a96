/* SPDX-License-Identifier: Apache-2.0 */
/*
 * group_rules.h - how code of one snapshot is known again in another.
 *
 * By build ID and offset, unless a module of one name is of another build there: such a module's
 * code is known again by function and file, because lines and addresses may have moved.
 */
#ifndef MODEL_GROUP_RULES_H
#define MODEL_GROUP_RULES_H

#include <stdbool.h>
#include <stddef.h>

#include "model/snapshot.h"
#include "model/stack.h"

struct group_rules;

/**
 * group_rules_new() - look which modules were rebuilt between the first and a later snapshot.
 * @snapshots: those to be compared with one another; must outlive the rules. One: nothing was
 *             rebuilt.
 *
 * Return: 0 or -ENOMEM.
 */
int group_rules_new(const struct snapshot *const *snapshots, size_t count,
		    struct group_rules **out);
void group_rules_free(struct group_rules *rules);

/**
 * group_rules_rebuilt() - names of the modules that differ.
 *
 * Return: NULL-terminated, owned by the rules.
 */
const char *const *group_rules_rebuilt(const struct group_rules *rules);

/**
 * group_rules_learn() - look up the source files of rebuilt modules, so that a build in another
 * folder is known again. To be called before keys are made; does nothing where nothing was rebuilt.
 *
 * Return: 0 or -ENOMEM.
 */
int group_rules_learn(struct group_rules *rules, struct stack_reader *reader,
		      const struct snapshot *const *snapshots, size_t count);

/**
 * group_rules_by_name() - whether code of a module is compared by function and file.
 * @path: of the module.
 */
bool group_rules_by_name(const struct group_rules *rules, const char *path);

/**
 * group_rules_file() - what stands for a source file in keys; points into @path.
 */
const char *group_rules_file(const struct group_rules *rules, const char *path);

/**
 * path_base() - what stands behind the last slash.
 */
const char *path_base(const char *path);

#endif
