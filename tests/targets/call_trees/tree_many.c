/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tree_many.c - the function of the call trees that takes arguments on the stack.
 */
#include "tree.h"

long tree_many(struct tree *tree, long a, long b, long c, long d, long e, long f, long g, long h)
{
	long sum = tree_live(tree, a);

	return sum + tree_eat(a, b, c, d, e, f, g, h);
}
