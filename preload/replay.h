/* SPDX-License-Identifier: Apache-2.0 */
/*
 * replay.h - the stacks that a thread has captured before, known again by the words that their walk has read.
 *
 * Layer 2. Each thread has its own; events inside events do not use it. A walk is a function of the registers it
 * begins with and of the words of the stack that its steps read. A recorded stack keeps all of those: where they
 * are equal again the result is, and independent loads take the place of the walk. Where only the outer part is
 * equal, a walk ends as soon as it arrives there with the registers that the recorded one had.
 *
 * Records lie one behind another in two halves of a piece of memory. A full half is forgotten as a whole; memory that
 * grows keeps all of its records as its first half.
 */
#ifndef PRELOAD_REPLAY_H
#define PRELOAD_REPLAY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "memtrace/format.h"
#include "module_table.h"
#include "unwind.h"

/* Where the events of a stack are booked. */
struct replay_booking {
	struct mt_counters *counters;
	uint32_t site;
	struct mt_side *sides[4]; /* found before, by size bucket; NULL at first */
};

/* A word that a step has read. If it is a return address: the frame that it led to. */
struct replay_cell {
	uint64_t address, value;
	int32_t sp_offset; /* sp of the frame - address */
	int32_t bp_offset; /* rbp - sp, if REPLAY_NEEDS_BP */
	uint32_t node;	   /* of the frame and all outer ones */
	uint32_t flags;	   /* enum replay_flags */
};

enum replay_flags {
	REPLAY_FRAME = 1,    /* the word is a return address */
	REPLAY_EXACT = 2,    /* or rather an instruction itself: what a signal has interrupted */
	REPLAY_NEEDS_BP = 4, /* the rest of the walk depends on rbp */
	REPLAY_USES_BP = 8,  /* the frame's own step does */
	REPLAY_RESTORES_BP = 16, /* ... reads the caller's rbp */
	REPLAY_IS_BP = 32,	 /* the word is that rbp */
	REPLAY_DEPENDS = 64,	 /* the step depends on more than what is recorded */
	REPLAY_ZERO_BP = 128,	 /* rbp is 0 */
	REPLAY_FAR_BP = 256,	 /* rbp is nowhere near sp, and bp_offset wrong */
};

struct replay_stack {
	struct replay_booking booking;
	uint64_t ip, sp; /* of the innermost frame */
	uint64_t bp;
	uint64_t bp_mask;     /* 0: bp does not matter */
	uint32_t cell_count;  /* innermost first; cell 0 is the innermost frame */
	uint32_t first_whole; /* cells before this one depend on more than has been recorded */
	uint32_t quad_count;  /* of cells behind cell 0, in fours */
	uint32_t hash;	      /* it is found by */
	struct replay_cell cells[];
};

#define REPLAY_SETS 256u
#define REPLAY_WAYS 4u
#define REPLAY_UNIT 16u
#define REPLAY_OUTERS 64u
#define REPLAY_OUTER_BYTES_MAX 512u

/*
 * Where the function at ip keeps the return address to its caller: that tells stacks apart whose innermost function is a
 * wrapper of malloc and whose sp is the same. A place keeps its first owner, so that two never drive each other out.
 */
struct replay_outer {
	uint64_t ip;	    /* 0 = free */
	uint64_t sp_offset; /* at sp + this; below REPLAY_OUTER_BYTES_MAX */
};

struct replay {
	char *memory;	/* NULL = none yet */
	uint32_t bytes; /* of it */
	uint32_t used;	/* end of the last record */
	uint32_t limit; /* of the half that is being filled */
	uint32_t generation;
	uint32_t regrets; /* stacks that came again after they had been forgotten */
	struct replay_stack *last;
	/* where in memory the records of a set lie, in units, the latest first; 0 = none */
	uint16_t ways[REPLAY_SETS][REPLAY_WAYS];
	uint8_t forgotten[1024]; /* marks of forgotten ones, by hash */
	struct replay_outer outers[REPLAY_OUTERS];
};

/* Forgets everything, for a thread that begins. Its memory stays. */
void replay_reset(struct replay *replay);

static inline uint64_t replay_word(uint64_t address)
{
	return *(const volatile uint64_t *)(uintptr_t)address;
}

static inline uint32_t replay_hash(uint64_t ip, uint64_t sp, uint64_t outer_ip)
{
	return (uint32_t)((ip ^ sp << 20 ^ outer_ip << 12) * UINT64_C(0x9e3779b97f4a7c15) >> 40);
}

static inline uint32_t replay_outer_slot(uint64_t ip)
{
	return (uint32_t)(ip ^ ip >> 6) % REPLAY_OUTERS;
}

/* Of the stack that a function was called from at ip, while its frame is there. */
static inline uint32_t replay_hash_now(const struct replay *replay, uint64_t ip, uint64_t sp)
{
	const struct replay_outer *outer = &replay->outers[replay_outer_slot(ip)];

	return replay_hash(ip, sp, outer->ip == ip ? replay_word(sp + outer->sp_offset) : 0);
}

/* Whether every word behind the first is what it was. Four at a time; the last ones may be no words at all. */
static inline bool replay_is_same(const struct replay_stack *stack)
{
	const struct replay_cell *cell = stack->cells + 1;

	for (uint32_t left = stack->quad_count; left > 0; left--, cell += 4)
		if (replay_word(cell[0].address) != cell[0].value ||
		    replay_word(cell[1].address) != cell[1].value ||
		    replay_word(cell[2].address) != cell[2].value ||
		    replay_word(cell[3].address) != cell[3].value)
			return false;
	return true;
}

/* Whether no module has gone since the records were made. */
static inline bool replay_is_valid(const struct replay *replay)
{
	return replay->generation == mt_load_acquire(&module_table_generation_count) &&
	       mt_load_relaxed(&module_table_is_stale) == 0;
}

/*
 * replay_find() - the record of the stack that the function with this frame record was called with; NULL = there
 * is none. Words are read only where an equal sp says that they are on the thread's own stack.
 */
static inline struct replay_stack *replay_find(struct replay *replay,
					       const struct unwind_frame *frame)
{
	uint64_t ip = frame->ip, sp = unwind_frame_sp(frame);
	const uint16_t *ways;

	if (__builtin_expect(!replay_is_valid(replay), 0))
		return NULL;
	ways = replay->ways[replay_hash_now(replay, ip, sp) % REPLAY_SETS];
	for (uint32_t i = 0; i < REPLAY_WAYS && ways[i] != 0; i++) {
		struct replay_stack *stack =
			(struct replay_stack *)(void *)(replay->memory + ways[i] * REPLAY_UNIT);

		if (stack->ip == ip && stack->sp == sp &&
		    ((stack->bp ^ frame->bp) & stack->bp_mask) == 0 && replay_is_same(stack)) {
			replay->last = stack;
			return stack;
		}
	}
	return NULL;
}

/* A stack being walked and recorded. */
struct replay_walk {
	struct replay *replay;
	struct replay_stack *record; /* NULL: it cannot be recorded */
	uint32_t cell_max;	     /* room behind the record */
	uint64_t slot;		     /* where the current frame's return address was read */
	uint64_t ip, sp, bp;	     /* of the current frame */
	bool is_exact, was_probing;
	const struct replay_stack *base; /* whose outer part may come again; NULL = none */
	uint64_t base_sp;		 /* of its next frame; UINT64_MAX: there is none */
	uint32_t base_next;		 /* cell of it that the walk has not passed yet */
	uint32_t base_good;		 /* cells from this one on are verified; 0 = none yet */
};

/* After replay_find() has found nothing: at the caller of the function with this frame record. */
void replay_walk_begin(struct replay_walk *walk, struct replay *replay,
		       const struct unwind_frame *frame);

/* Whether the base has a frame with the registers that the walk has come to. */
bool replay_walk_compare(struct replay_walk *walk, const struct unwind_cursor *cursor);

/* Before each step: whether the rest is that of the base, from its cell base_next on. */
static inline bool replay_walk_meets(struct replay_walk *walk, const struct unwind_cursor *cursor)
{
	return cursor->sp >= walk->base_sp && replay_walk_compare(walk, cursor);
}

/* Frames of the known rest. */
uint32_t replay_rest_count(const struct replay_walk *walk);

/* After a step that has described a frame. */
void replay_walk_note(struct replay_walk *walk, const struct unwind_cursor *cursor);

/*
 * replay_walk_end() - keep the record.
 * @cursor: as the last step has left it.
 *
 * Return: NULL = it is not kept. Otherwise the cells' nodes and the booking are still to be filled in, with
 * replay_fill() and by the caller.
 */
struct replay_stack *replay_walk_end(struct replay_walk *walk, const struct unwind_cursor *cursor);

/* Nodes of the innermost frames, innermost first. */
void replay_fill(struct replay_stack *stack, const uint32_t *nodes, uint32_t count);

/* From now on it can be found. */
void replay_keep(struct replay *replay, struct replay_stack *stack);

#endif
