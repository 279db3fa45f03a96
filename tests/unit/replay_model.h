/* SPDX-License-Identifier: Apache-2.0 */
/*
 * replay_model.h - a machine with a stack, whose walk is known without the code under test.
 *
 * What undoes a frame follows from its address of code alone, as with real call frame information: any words
 * on the stack have a walk, which may be a broken one.
 */
#ifndef UNIT_REPLAY_MODEL_H
#define UNIT_REPLAY_MODEL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "replay.h"
#include "unwind.h"

/* How the caller of a frame is found. */
enum model_rule {
	MODEL_PLAIN,	     /* CFA = sp + size */
	MODEL_SAVES_BP,	     /* the same; the caller's rbp is on the stack, and rbp is anything */
	MODEL_FRAME_POINTER, /* CFA = rbp + 16 */
	MODEL_BELOW_BP,	     /* CFA = rbp - size, of the caller's rbp */
	MODEL_REALIGNED,     /* CFA is a word below rbp */
	MODEL_BY_WORD,	     /* CFA = sp + a size that a word of the frame tells */
	MODEL_BY_ANY_BP,     /* CFA = sp + a size that follows from all of rbp */
	MODEL_CHAIN,	     /* no description: by rbp; 0 = the outermost frame */
	MODEL_BY_REGISTER,   /* CFA = sp + a size that another register tells */
	MODEL_IN_REGISTER,   /* the return address is in another register */
	MODEL_SIGNAL,	     /* the caller's registers are on the stack, and it was interrupted */
	MODEL_PUSHED_COUNT,
	MODEL_END = MODEL_PUSHED_COUNT, /* there is no caller */
	MODEL_NO_CODE,			/* no frame at all */
	MODEL_RULE_COUNT,
};

#define MODEL_WORDS (1u << 17)
#define MODEL_FOREIGN_WORDS 1024u
#define MODEL_FRAMES 32768u
#define MODEL_SIZE_MAX 15u

struct model_frame {
	uint64_t ip, sp, bp;
};

struct model {
	uint64_t *words;   /* the thread's own stack */
	uint64_t *foreign; /* another one */
	uint64_t size_register, address_register;
	uint32_t count;			/* frames on the stack, */
	struct model_frame *frames;	/* the outermost first */
	struct unwind_frame *innermost; /* of the last event */
	uint32_t found, walked, met;	/* events; frames of the last event that were walked */
	bool was_found, was_met;	/* the last event */
	struct replay_stack *record;	/* of the last event; NULL = it could not be kept */
};

/* An address of code with a rule. number: tells addresses with the same rule and size apart. */
uint64_t model_code(enum model_rule rule, uint32_t size, uint32_t number);

void model_init(struct model *model);

/* Empties the stack but for its outermost frame. */
void model_root(struct model *model, uint64_t ip, uint64_t bp);

/*
 * model_push() - a call.
 * @size: of the frame, in words beyond those that it needs; up to MODEL_SIZE_MAX.
 * @bp: what rbp becomes, if the frame saves it.
 *
 * Return: false = the rule does not go with what is on the stack.
 */
bool model_push(struct model *model, enum model_rule rule, uint32_t size, uint32_t number,
		uint64_t bp);

/* A frame whose caller was interrupted, on the other stack. */
void model_push_foreign(struct model *model, uint32_t number);

void model_pop(struct model *model, uint32_t count);

/* The frame record of the function that is called now; written onto the stack. */
struct unwind_frame *model_call(struct model *model);

/* Node of the stack as a walk of all frames finds it, and how many those are. */
uint32_t model_walk(const struct model *model, const struct unwind_frame *frame, uint32_t *count);

/* The beginning of an event that is walked: up to a number of frames. */
void model_begin_event(const struct model *model, struct replay *replay, uint32_t frame_max);

/* An event: found, or else walked and kept. Fails the test if its stack is not the true one. */
void model_event(struct model *model, struct replay *replay);

#endif
