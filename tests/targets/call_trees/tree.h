/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tree.h - a random walk over a call tree of many functions with different frames, which allocates on its way.
 *
 * Every function of a tree does the same: it lives (tree_live()) until chance lets it return, and meanwhile
 * allocates, frees, and calls other functions of any file. tree_frames.c is compiled several times, by several
 * compilers and with different options; the functions of all of them call each other.
 */
#ifndef TREE_H
#define TREE_H

#include <setjmp.h>
#include <signal.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <ucontext.h>

#ifdef __cplusplus
extern "C" {
#endif

#define TREE_BLOCKS 64
#define TREE_FIBERS 5 /* the first one is the thread's own stack */
#define TREE_INLINE static inline __attribute__((always_inline))

enum tree_act {
	TREE_RETURN,
	TREE_CALL,
	TREE_CALL_AGAIN, /* the same from elsewhere in the function */
	TREE_CALL_WITH_STACK,
	TREE_MALLOC,
	TREE_CALLOC,
	TREE_ALIGNED,
	TREE_REALLOC,
	TREE_FREE,
};

/* Where frames further in may jump to. Chained per stack, innermost first. */
struct tree_escape {
	sigjmp_buf jump;
	struct tree_escape *outer;
	bool is_catch;	 /* reached by an exception, not by longjmp() */
	bool is_barrier; /* nobody may jump across it */
	unsigned depth, signal_depth, alternate_depth;
	uintptr_t low;
};

/* A stack of the thread: its own, or a coroutine's. */
struct tree_fiber {
	ucontext_t context;
	struct tree_escape *escape;
	uintptr_t low; /* nothing is called below */
	unsigned depth, signal_depth;
	bool is_started, is_finished;
};

struct tree {
	uint64_t random;
	long events_left;
	unsigned depth_wanted;
	unsigned alternate_depth; /* handlers on the alternate stack: no switch of stacks inside */
	struct tree_fiber *fiber;
	struct tree_fiber fibers[TREE_FIBERS];
	char *alternate_low;
	void *blocks[TREE_BLOCKS];
};

typedef long tree_function(struct tree *tree, long number);

/* What one compilation of tree_frames.c has. */
struct tree_variant {
	tree_function *const *functions;
	unsigned count;
	void (*handler)(int number, siginfo_t *info, void *context);
};

/* tree.c: decisions, which are the same everywhere. */
struct tree *tree_self(void);
uint32_t tree_random(struct tree *tree, uint32_t below);
enum tree_act tree_choose(struct tree *tree);
tree_function *tree_pick(struct tree *tree);
size_t tree_size(struct tree *tree);
void tree_keep(struct tree *tree, void *block);
void *tree_take(struct tree *tree);
/* Leaves a copy of the words further out on the stack in what later frames lie on. */
long tree_soil(struct tree *tree);
/* Goes to an escape further out, if chance and the chain allow it. */
void tree_jump(struct tree *tree);
/* The nearest escape if it is a catching one in the same handler; NULL = nothing may be thrown. */
struct tree_escape *tree_catcher(struct tree *tree);
void tree_escape_push(struct tree *tree, struct tree_escape *escape);
void tree_escape_land(struct tree *tree, const struct tree_escape *escape);
/* Goes on on another stack of this thread, and returns when somebody comes back. */
void tree_switch(struct tree *tree);
void tree_signal(struct tree *tree, bool is_alternate);

/* tree_plugins.c: loads one of two libraries, calls into it and unloads it. */
tree_function tree_plugin;

/* tree_odd.c */
extern tree_function *const tree_odd_functions[];
extern const unsigned tree_odd_count;

/* tree_twins.c */
extern tree_function *const tree_twins;

/* tree_throw.cc */
extern tree_function *const tree_throw_functions[];
extern const unsigned tree_throw_count;

static inline long tree_eat(long a, long b, long c, long d, long e, long f, long g, long h)
{
	return a + b + c + d + e + f + g + h;
}

/* Nine arguments: three of them on the stack, pushed or stored. */
typedef long tree_many_function(struct tree *tree, long a, long b, long c, long d, long e, long f,
				long g, long h);
tree_many_function tree_many;

/* Part of each function, so that every kind of frame calls, and is called, at several places. */
TREE_INLINE long tree_live(struct tree *tree, long number)
{
	long sum = number;

	tree->fiber->depth++;
	for (;;) {
		switch (tree_choose(tree)) {
		case TREE_RETURN:
			tree->fiber->depth--;
			return sum;
		case TREE_CALL:
			sum += tree_pick(tree)(tree, sum);
			break;
		case TREE_CALL_AGAIN:
			sum ^= tree_pick(tree)(tree, sum * 3);
			break;
		case TREE_CALL_WITH_STACK:
			sum += tree_many(tree, sum, 2, 3, 4, 5, 6, 7, number);
			break;
		case TREE_MALLOC:
			tree_keep(tree, malloc(tree_size(tree)));
			break;
		case TREE_CALLOC:
			tree_keep(tree, calloc(2, tree_size(tree)));
			break;
		case TREE_ALIGNED:
			tree_keep(tree, aligned_alloc(64, 64 + tree_size(tree) / 64 * 64));
			break;
		case TREE_REALLOC:
			tree_keep(tree, realloc(tree_take(tree), tree_size(tree)));
			break;
		case TREE_FREE:
			free(tree_take(tree));
			break;
		}
	}
}

#ifdef __cplusplus
}
#endif

#endif
