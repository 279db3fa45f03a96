/* SPDX-License-Identifier: Apache-2.0 */
/*
 * replay_model.c - pushes frames, walks them, and does with a replay what an event does.
 */
#define _GNU_SOURCE
#include "replay_model.h"

#include <string.h>
#include <sys/mman.h>

#include "unit.h"

#define MODEL_CODE UINT64_C(0x550000000000)
#define MODEL_NODES (1u << 20)
#define MODEL_NODE_WHOLE 1u
#define MODEL_NODE_BROKEN 2u

/* Nodes by their parent and address; the place in the table is the number. */
static struct model_node {
	uint64_t address;
	uint32_t parent;
} * model_nodes;

static uint64_t model_end(const uint64_t *words, uint32_t count)
{
	return (uint64_t)(uintptr_t)(words + count);
}

static uint64_t *model_at(uint64_t address)
{
	return (uint64_t *)(uintptr_t)address;
}

static void *model_map(size_t bytes)
{
	void *memory = mmap(NULL, bytes, PROT_READ | PROT_WRITE,
			    MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

	ck_assert_ptr_ne(memory, MAP_FAILED);
	return memory;
}

uint64_t model_code(enum model_rule rule, uint32_t size, uint32_t number)
{
	return MODEL_CODE | (uint64_t)number << 8 | size << 4 | rule;
}

static enum model_rule model_rule(uint64_t ip)
{
	uint64_t rule = ip & 15;

	return ip >> 40 == MODEL_CODE >> 40 && rule < MODEL_RULE_COUNT ? (enum model_rule)rule
								       : MODEL_NO_CODE;
}

static uint64_t model_size(uint64_t ip)
{
	return ip >> 4 & MODEL_SIZE_MAX;
}

static bool model_holds(const uint64_t *words, uint32_t count, uint64_t address)
{
	return address % 8 == 0 && address >= model_end(words, 0) &&
	       address < model_end(words, count);
}

static bool model_is_foreign(const struct model *model, uint64_t address)
{
	return model_holds(model->foreign, MODEL_FOREIGN_WORDS, address);
}

/* Words of the stack that the walk is on. */
static bool model_read(const struct model *model, const struct unwind_cursor *cursor,
		       uint64_t address, uint64_t *out)
{
	if (!(cursor->is_probing ? model_is_foreign(model, address)
				 : model_holds(model->words, MODEL_WORDS, address)))
		return false;
	*out = *model_at(address);
	return true;
}

void model_init(struct model *model)
{
	memset(model, 0, sizeof(*model));
	model->foreign = model_map(MODEL_FOREIGN_WORDS * sizeof(uint64_t));
	model->words = model_map(MODEL_WORDS * sizeof(uint64_t));
	model->frames = model_map(MODEL_FRAMES * sizeof(*model->frames));
	model_nodes = model_map(MODEL_NODES * sizeof(*model_nodes));
}

void model_root(struct model *model, uint64_t ip, uint64_t bp)
{
	uint64_t sp = model_end(model->words, MODEL_WORDS - 64);

	model->count = 1;
	model->frames[0] = (struct model_frame){ip, sp, bp};
	*model_at(sp + 8 * model_size(ip) + 8) =
		0; /* the return address of a root that is a plain frame */
}

static struct model_frame *model_top(struct model *model)
{
	return &model->frames[model->count - 1];
}

/* Where the frame that its caller calls with a rule begins; the words that lead back are written. */
static bool model_place(struct model *model, enum model_rule rule, uint64_t *extra,
			struct model_frame *frame)
{
	const struct model_frame *caller = model_top(model);
	uint64_t cfa = caller->sp, *at = model_at(cfa);

	frame->sp = cfa - 16 - 8 * *extra;
	switch (rule) {
	case MODEL_SAVES_BP:
		at[-2] = caller->bp;
		break;
	case MODEL_FRAME_POINTER:
	case MODEL_CHAIN:
		at[-2] = caller->bp;
		frame->bp = cfa - 16;
		break;
	case MODEL_BELOW_BP:
		*extra = (caller->bp - cfa) / 8;
		frame->bp = caller->bp;
		return caller->bp % 8 == 0 && *extra <= MODEL_SIZE_MAX;
	case MODEL_REALIGNED:
		frame->bp = cfa - 24;
		frame->sp -= 16;
		at[-3] = caller->bp;
		at[-4] = cfa;
		break;
	case MODEL_BY_WORD:
		frame->sp -= 8 * (frame->ip >> 8 & 3);
		*model_at(frame->sp) = frame->ip >> 8;
		frame->bp = caller->bp;
		break;
	case MODEL_BY_ANY_BP:
		frame->sp -= 8 * (caller->bp % 3);
		frame->bp = caller->bp;
		break;
	case MODEL_BY_REGISTER:
		frame->sp -= 8 * (model->size_register % 3);
		frame->bp = caller->bp;
		break;
	case MODEL_IN_REGISTER:
		model->address_register = caller->ip;
		frame->bp = caller->bp;
		return true;
	case MODEL_SIGNAL:
		frame->sp -= 16;
		memcpy(model_at(frame->sp), (uint64_t[]){cfa, caller->ip, caller->bp}, 24);
		return true;
	default:
		frame->bp = caller->bp;
		break;
	}
	return true;
}

bool model_push(struct model *model, enum model_rule rule, uint32_t size, uint32_t number,
		uint64_t bp)
{
	struct model_frame frame = {model_code(rule, 0, number), 0, bp};
	uint64_t extra = size, *at = model_at(model_top(model)->sp);

	if (!model_place(model, rule, &extra, &frame))
		return false;
	frame.ip |= extra << 4;
	if (rule != MODEL_SIGNAL && rule != MODEL_IN_REGISTER)
		at[-1] = model_top(model)->ip;
	if (model->count == MODEL_FRAMES)
		ck_abort_msg("too deep");
	model->frames[model->count++] = frame;
	return true;
}

void model_push_foreign(struct model *model, uint32_t number)
{
	const struct model_frame caller = *model_top(model);
	uint64_t sp = model_end(model->foreign, MODEL_FOREIGN_WORDS - 8);

	memcpy(model_at(sp), (uint64_t[]){caller.sp, caller.ip, caller.bp}, 24);
	model->frames[model->count++] =
		(struct model_frame){model_code(MODEL_SIGNAL, 0, number), sp, caller.bp};
}

void model_pop(struct model *model, uint32_t count)
{
	if (count >= model->count)
		ck_abort_msg("nothing is left");
	model->count -= count;
}

struct unwind_frame *model_call(struct model *model)
{
	const struct model_frame *top = model_top(model);

	model->innermost = (struct unwind_frame *)(void *)model_at(top->sp) - 1;
	*model->innermost = (struct unwind_frame){top->bp, top->ip};
	return model->innermost;
}

/* Step to the caller. *step: what it has read, as far as that is known. */
static enum unwind_status model_go(const struct model *model, struct unwind_cursor *cursor,
				   struct unwind_step *step)
{
	enum model_rule rule = model_rule(cursor->ip);
	uint64_t size = 16 + 8 * model_size(cursor->ip), sp = cursor->sp, bp = cursor->bp, word = 0,
		 ip = model->address_register;

	*step = (struct unwind_step){.cfa = sp + size, .used = UNWIND_USED_SP};
	switch (rule) {
	case MODEL_END:
		*step = (struct unwind_step){0};
		return UNWIND_END;
	case MODEL_SAVES_BP:
		step->bp_slot = step->cfa - 16;
		break;
	case MODEL_CHAIN:
	case MODEL_FRAME_POINTER:
		*step = (struct unwind_step){.cfa = bp + 16, .bp_slot = bp, .used = UNWIND_USED_BP};
		if (rule == MODEL_CHAIN && bp == 0)
			return UNWIND_END;
		break;
	case MODEL_BELOW_BP:
		step->cfa = bp - size + 16;
		step->used = UNWIND_USED_BP;
		break;
	case MODEL_REALIGNED:
		step->word_slot = bp - 8;
		step->bp_slot = bp;
		step->used = UNWIND_USED_BP;
		if (!model_read(model, cursor, step->word_slot, &step->cfa))
			return UNWIND_BROKEN;
		break;
	case MODEL_BY_WORD:
		step->word_slot = sp;
		if (!model_read(model, cursor, sp, &word))
			return UNWIND_BROKEN;
		step->cfa += 8 * (word & 3);
		break;
	case MODEL_BY_ANY_BP:
		step->cfa += 8 * (bp % 3);
		step->used |= UNWIND_USED_BP;
		break;
	case MODEL_BY_REGISTER:
		step->cfa += 8 * (model->size_register % 3);
		step->used |= UNWIND_USED_OTHER;
		break;
	case MODEL_IN_REGISTER:
		step->used |= UNWIND_USED_OTHER;
		break;
	case MODEL_SIGNAL:
		*step = (struct unwind_step){.ra_slot = sp + 8,
					     .bp_slot = sp + 16,
					     .word_slot = sp,
					     .used = UNWIND_USED_SP | UNWIND_USED_OTHER};
		if (!model_read(model, cursor, sp, &step->cfa))
			return UNWIND_BROKEN;
		break;
	default:
		break;
	}
	if (rule != MODEL_IN_REGISTER && rule != MODEL_SIGNAL)
		step->ra_slot = step->cfa - 8;
	if ((step->ra_slot != 0 && !model_read(model, cursor, step->ra_slot, &ip)) ||
	    (step->bp_slot != 0 && !model_read(model, cursor, step->bp_slot, &bp)) ||
	    (rule != MODEL_SIGNAL &&
	     (step->cfa <= sp || !model_read(model, cursor, step->cfa - 8, &word))))
		return UNWIND_BROKEN;
	if (rule == MODEL_SIGNAL) {
		cursor->is_probing = model_is_foreign(model, step->cfa);
		if (step->cfa <= sp && model_is_foreign(model, sp) == cursor->is_probing)
			return UNWIND_BROKEN;
	}
	cursor->ip = ip;
	cursor->sp = step->cfa;
	cursor->bp = bp;
	cursor->is_exact = rule == MODEL_SIGNAL;
	return ip == 0 ? UNWIND_END : UNWIND_FRAME;
}

static enum unwind_status model_next(const struct model *model, struct unwind_cursor *cursor)
{
	struct unwind_step step;

	if (cursor->next_status == UNWIND_FRAME && model_rule(cursor->ip) == MODEL_NO_CODE)
		cursor->next_status = UNWIND_BROKEN;
	if (cursor->next_status != UNWIND_FRAME)
		return (enum unwind_status)cursor->next_status;
	cursor->frame_address = cursor->ip - !cursor->is_exact;
	cursor->next_status = (uint8_t)model_go(model, cursor, &step);
	/* a step that fails leaves what the one before it has said */
	if (cursor->next_status != UNWIND_BROKEN)
		cursor->step = step;
	return UNWIND_FRAME;
}

static void model_begin(const struct model *model, const struct unwind_frame *frame,
			struct unwind_cursor *cursor)
{
	memset(cursor, 0, sizeof(*cursor));
	cursor->ip = frame->ip;
	cursor->sp = unwind_frame_sp(frame);
	cursor->bp = frame->bp;
	cursor->is_probing = model_is_foreign(model, cursor->sp);
	cursor->next_status = UNWIND_FRAME;
}

static uint32_t model_intern(uint32_t parent, uint64_t address)
{
	uint64_t hash = (address ^ (uint64_t)parent << 17) * UINT64_C(0x9e3779b97f4a7c15);

	for (uint32_t i = (uint32_t)(hash >> 44);; i = (i + 1) % MODEL_NODES) {
		struct model_node *node = &model_nodes[i];

		if (i <= MODEL_NODE_BROKEN)
			continue;
		if (node->parent == 0)
			*node = (struct model_node){address, parent};
		if (node->parent == parent && node->address == address)
			return i;
	}
}

/* Nodes of walked frames, in their place; returns the innermost one. */
static uint32_t model_intern_all(uint64_t *frames, uint32_t count, uint32_t outer)
{
	for (uint32_t i = count; i-- > 0;)
		frames[i] = outer = model_intern(outer, frames[i]);
	return outer;
}

static uint32_t model_end_node(enum unwind_status status)
{
	return status == UNWIND_BROKEN ? MODEL_NODE_BROKEN : MODEL_NODE_WHOLE;
}

uint32_t model_walk(const struct model *model, const struct unwind_frame *frame, uint32_t *count)
{
	static uint64_t frames[MODEL_FRAMES];
	struct unwind_cursor cursor;
	enum unwind_status status;

	*count = 0;
	model_begin(model, frame, &cursor);
	while ((status = model_next(model, &cursor)) == UNWIND_FRAME) {
		if (*count == MODEL_FRAMES)
			ck_abort_msg("a walk without an end");
		frames[(*count)++] = cursor.frame_address;
	}
	return model_intern_all(frames, *count, model_end_node(status));
}

void model_begin_event(const struct model *model, struct replay *replay, uint32_t frame_max)
{
	struct unwind_cursor cursor;
	struct replay_walk walk;

	model_begin(model, model->innermost, &cursor);
	replay_walk_begin(&walk, replay, model->innermost);
	for (; frame_max > 0 && !replay_walk_meets(&walk, &cursor) &&
	       model_next(model, &cursor) == UNWIND_FRAME;
	     frame_max--)
		replay_walk_note(&walk, &cursor);
}

static uint32_t model_record(struct model *model, struct replay *replay)
{
	static uint64_t frames[MODEL_FRAMES];
	static uint32_t nodes[MODEL_FRAMES];
	struct unwind_cursor cursor;
	enum unwind_status status = UNWIND_FRAME;
	struct replay_walk walk;
	uint32_t outer, node;

	model->walked = 0;
	model_begin(model, model->innermost, &cursor);
	replay_walk_begin(&walk, replay, model->innermost);
	while (!(model->was_met = replay_walk_meets(&walk, &cursor)) &&
	       (status = model_next(model, &cursor)) == UNWIND_FRAME) {
		frames[model->walked++] = cursor.frame_address;
		replay_walk_note(&walk, &cursor);
	}
	outer = model->was_met ? walk.base->cells[walk.base_next].node : model_end_node(status);
	model->met += model->was_met;
	model->record = replay_walk_end(&walk, &cursor);
	node = model_intern_all(frames, model->walked, outer);
	for (uint32_t i = 0; i < model->walked; i++)
		nodes[i] = (uint32_t)frames[i];
	if (model->record != NULL) {
		model->record->booking = (struct replay_booking){.site = node};
		replay_fill(model->record, nodes, model->walked);
		replay_keep(replay, model->record);
	}
	return node;
}

void model_event(struct model *model, struct replay *replay)
{
	const struct unwind_frame *frame = model_call(model);
	uint32_t count, expected = model_walk(model, frame, &count), node;

	model->record = replay_find(replay, frame);
	model->was_found = model->record != NULL;
	model->was_met = false;
	model->found += model->was_found;
	node = model->was_found ? model->record->booking.site : model_record(model, replay);
	if (node != expected)
		ck_abort_msg("another stack than the true one of %u frames: %s", count,
			     model->was_found ? "found"
			     : model->was_met ? "met"
					      : "walked");
}
