/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tree_throw.cc - functions of the call trees that throw and catch, and whose cleanup allocates on the way.
 */
#include "tree.h"

namespace {

struct thrown {
	long number;
};

/* Lives through an exception as well as through an ordinary return. */
class guard {
      public:
	explicit guard(struct tree *owner) : tree(owner), block(malloc(tree_size(owner))) {}
	guard(const guard &) = delete;
	guard &operator=(const guard &) = delete;
	~guard()
	{
		free(block);
		tree_keep(tree, malloc(tree_size(tree)));
	}

      private:
	struct tree *tree;
	void *block;
};

/* By value: a thrown exception has left the callee's depth behind. */
__attribute__((noinline)) long catches(struct tree *tree, long number)
{
	struct tree_escape escape;

	tree_escape_push(tree, &escape);
	escape.is_catch = true;
	try {
		number = tree_live(tree, number);
	} catch (const thrown &what) {
		tree_escape_land(tree, &escape);
		tree_keep(tree, malloc(tree_size(tree)));
		return what.number;
	}
	tree_escape_land(tree, &escape);
	return tree_live(tree, number);
}

__attribute__((noinline)) long throws(struct tree *tree, long number)
{
	number = tree_live(tree, number);
	if (tree->events_left > 0 && tree_catcher(tree) != nullptr)
		throw thrown{number};
	return number;
}

__attribute__((noinline)) long cleans(struct tree *tree, long number)
{
	guard first(tree);
	long sum = tree_live(tree, number);
	guard second(tree);

	return sum + tree_live(tree, sum);
}

}

extern "C" {
extern tree_function *const tree_throw_functions[] = {catches, catches, throws, cleans};
extern const unsigned tree_throw_count = 4;
}
