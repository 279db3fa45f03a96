/* SPDX-License-Identifier: Apache-2.0 */
/*
 * replay.c - records the walk of a stack, and finds the end of one in the record of an earlier one.
 *
 * A handler may jump out of an event at any point. What it leaves is either not referred to yet, or in a half
 * that is still marked as full.
 */
#include "replay.h"

#include <string.h>

#include "memtrace/atomic.h"
#include "os.h"

#define REPLAY_BYTES_FIRST (8u << 10)
#define REPLAY_BYTES_MAX (512u << 10)
#define REPLAY_EXTRA_BYTES_MAX (1u << 20) /* of all threads, beyond their first ones */
#define REPLAY_PADS 4u			  /* cells that replay_pad() may add, at most */
#define REPLAY_REGRETS_MAX 8u		  /* as many, and the memory is doubled at the next turn */
#define REPLAY_ROOM 32u /* cells that there is room for at the start of a record, at least */

_Static_assert(sizeof(struct replay_cell) % REPLAY_UNIT == 0 &&
		       sizeof(struct replay_stack) % REPLAY_UNIT == 0,
	       "alignment");
_Static_assert(REPLAY_BYTES_MAX / REPLAY_UNIT <= UINT16_MAX + 1u, "ways");

static uint32_t replay_offset(const struct replay *replay, const struct replay_stack *stack)
{
	return (uint32_t)((const char *)stack - replay->memory);
}

static uint32_t replay_end(const struct replay *replay, const struct replay_stack *stack)
{
	return replay_offset(replay, stack) + (uint32_t)sizeof(*stack) +
	       (1 + stack->quad_count * 4) * (uint32_t)sizeof(struct replay_cell);
}

/* The next record goes to [used, limit), where none can be found. In between there is no room at all. */
static void replay_go_on(struct replay *replay, uint32_t used, uint32_t limit)
{
	mt_signal_fence();
	replay->limit = 0;
	mt_signal_fence();
	replay->used = used;
	mt_signal_fence();
	replay->limit = limit;
	mt_signal_fence();
}

void replay_reset(struct replay *replay)
{
	replay->last = NULL;
	memset(replay->ways, 0, sizeof(replay->ways));
	memset(replay->forgotten, 0, sizeof(replay->forgotten));
	memset(replay->outers, 0, sizeof(replay->outers));
	replay->regrets = 0;
	replay_go_on(replay, REPLAY_UNIT, REPLAY_UNIT); /* offset 0 means "none" */
	replay->generation = mt_load_acquire(&module_table_generation_count);
}

/* Of the stacks that share a place in forgotten[]; never 0, which stands for none. */
static uint8_t replay_mark(uint32_t hash)
{
	uint8_t mark = (uint8_t)(hash >> 16);

	return mark != 0 ? mark : 1;
}

/* Forgets what lies in [start, end). */
static void replay_forget(struct replay *replay, uint32_t start, uint32_t end)
{
	replay->last = NULL;
	for (uint32_t set = 0; set < REPLAY_SETS; set++) {
		uint16_t *ways = replay->ways[set];
		uint32_t kept = 0;

		for (uint32_t i = 0; i < REPLAY_WAYS && ways[i] != 0; i++) {
			uint32_t offset = ways[i] * REPLAY_UNIT;
			const struct replay_stack *stack =
				(const struct replay_stack *)(void *)(replay->memory + offset);

			if (offset < start || offset >= end)
				ways[kept++] = ways[i];
			else
				replay->forgotten[stack->hash >> 6 & 1023] =
					replay_mark(stack->hash);
		}
		for (; kept < REPLAY_WAYS; kept++)
			ways[kept] = 0;
	}
}

/* Takes so many bytes out of what all threads may have together beyond their first pages. */
static bool replay_may_take(uint32_t bytes)
{
	static uint64_t taken;

	if (mt_add_relaxed(&taken, bytes) <= REPLAY_EXTRA_BYTES_MAX)
		return true;
	(void)mt_add_relaxed(&taken, -(uint64_t)bytes);
	return false;
}

/* The first memory. */
static bool replay_start(struct replay *replay)
{
	char *memory = os_map(REPLAY_BYTES_FIRST);

	if (memory == NULL)
		return false;
	replay_reset(replay);
	mt_signal_fence();
	replay->memory = memory;
	mt_signal_fence();
	replay->bytes = REPLAY_BYTES_FIRST;
	return true;
}

/* Twice the memory, whose first half is what there was. */
static bool replay_grow(struct replay *replay)
{
	uint32_t bytes = replay->bytes;
	char *memory, *old = replay->memory;

	if (bytes * 2 > REPLAY_BYTES_MAX || !replay_may_take(bytes))
		return false;
	memory = os_map(bytes * 2);
	if (memory == NULL)
		return false;
	memcpy(memory, old, bytes);
	replay->last = NULL;
	replay_go_on(replay, bytes, bytes);
	replay->memory = memory;
	mt_signal_fence();
	replay->bytes = bytes * 2;
	memset(replay->forgotten, 0, sizeof(replay->forgotten));
	replay->regrets = 0;
	mt_signal_fence();
	os_unmap(old, bytes);
	return true;
}

/* Goes on in the other half, or in that of twice the memory if that would have paid. */
static void replay_turn(struct replay *replay)
{
	bool is_second = replay->limit != replay->bytes;
	uint32_t half;

	if (replay->regrets >= REPLAY_REGRETS_MAX && replay_grow(replay))
		is_second = true;
	half = replay->bytes / 2;
	replay_forget(replay, is_second * half, is_second * half + half);
	replay_go_on(replay, is_second ? half : REPLAY_UNIT, is_second * half + half);
}

static uint32_t replay_room(const struct replay *replay)
{
	uint32_t own = (uint32_t)sizeof(struct replay_stack) +
		       REPLAY_PADS * (uint32_t)sizeof(struct replay_cell);

	if (replay->limit < replay->used + own)
		return 0;
	return (replay->limit - replay->used - own) / (uint32_t)sizeof(struct replay_cell);
}

/* Goes on to the base's next frame from base_next on. */
static void replay_base_seek(struct replay_walk *walk)
{
	const struct replay_stack *base = walk->base;

	for (; walk->base_next < base->cell_count; walk->base_next++) {
		const struct replay_cell *cell = &base->cells[walk->base_next];

		if (cell->flags & REPLAY_FRAME) {
			walk->base_sp = cell->address + (uint64_t)(int64_t)cell->sp_offset;
			return;
		}
	}
	walk->base_sp = UINT64_MAX;
}

/*
 * Verifies the outer part of the last stack, as far as it is the same now: once the walk is on the thread's own stack,
 * and not below it, where there may be no memory any more.
 */
static void replay_verify_base(struct replay_walk *walk, uint64_t sp)
{
	const struct replay_stack *base = walk->base;
	uint32_t good;

	for (good = base->cell_count; good > base->first_whole + 1; good--) {
		const struct replay_cell *cell = &base->cells[good - 1];

		if (cell->address < sp || replay_word(cell->address) != cell->value)
			break;
	}
	walk->base_good = good;
	walk->base_next = base->first_whole > good - 1 ? base->first_whole : good - 1;
	replay_base_seek(walk);
}

static void replay_make_room(struct replay *replay)
{
	if (replay->memory == NULL && !replay_start(replay))
		return;
	if (!replay_is_valid(replay))
		replay_reset(replay);
	if (replay_room(replay) < REPLAY_ROOM)
		replay_turn(replay);
}

void replay_walk_begin(struct replay_walk *walk, struct replay *replay,
		       const struct unwind_frame *frame)
{
	uint32_t hash = replay_hash_now(replay, frame->ip, unwind_frame_sp(frame));

	*walk = (struct replay_walk){.replay = replay, .base_sp = UINT64_MAX};
	if (replay->forgotten[hash >> 6 & 1023] == replay_mark(hash))
		replay->regrets++;
	replay_make_room(replay);
	if (replay->memory == NULL)
		return;
	walk->base = replay->last;
	if (walk->base != NULL && walk->base->cell_count != 0)
		walk->base_sp = 0;
	walk->cell_max = replay_room(replay);
	walk->record = (struct replay_stack *)(void *)(replay->memory + replay->used);
	*walk->record = (struct replay_stack){.ip = frame->ip,
					      .sp = unwind_frame_sp(frame),
					      .bp = frame->bp};
	walk->slot = (uint64_t)(uintptr_t)&frame->ip;
	walk->ip = frame->ip;
	walk->sp = unwind_frame_sp(frame);
	walk->bp = frame->bp;
}

static uint64_t replay_bp(const struct replay_cell *cell, uint64_t sp)
{
	return cell->flags & REPLAY_ZERO_BP ? 0 : sp + (uint64_t)(int64_t)cell->bp_offset;
}

bool replay_walk_compare(struct replay_walk *walk, const struct unwind_cursor *cursor)
{
	const struct replay_cell *cell;

	/* what a broken signal frame may say is no frame of the base, though it compares with "there is none" */
	if (cursor->next_status != UNWIND_FRAME || cursor->is_probing || cursor->sp == UINT64_MAX)
		return false;
	if (walk->base_good == 0)
		replay_verify_base(walk, cursor->sp);
	while (walk->base_sp < cursor->sp) {
		walk->base_next++;
		replay_base_seek(walk);
	}
	if (walk->base_sp != cursor->sp)
		return false;
	cell = &walk->base->cells[walk->base_next];
	return cell->value == cursor->ip &&
	       ((cell->flags & REPLAY_EXACT) != 0) == cursor->is_exact &&
	       ((cell->flags & REPLAY_NEEDS_BP) == 0 || replay_bp(cell, cursor->sp) == cursor->bp);
}

uint32_t replay_rest_count(const struct replay_walk *walk)
{
	uint32_t count = 0;

	for (uint32_t i = walk->base_next; i < walk->base->cell_count; i++)
		count += (walk->base->cells[i].flags & REPLAY_FRAME) != 0;
	return count;
}

/* The stack does not fit into what is left of the half, or not even into all of one: then it needs more memory. */
static void replay_give_up(struct replay_walk *walk)
{
	struct replay *replay = walk->replay;

	if (replay->used <= replay->limit - replay->bytes / 2 + REPLAY_UNIT)
		replay->regrets = REPLAY_REGRETS_MAX;
	replay->used = replay->limit;
	walk->record = NULL;
}

/* The next cell of the record; NULL = there is no room for it. */
static inline struct replay_cell *replay_add(struct replay_walk *walk)
{
	struct replay_stack *record = walk->record;

	if (__builtin_expect(record->cell_count < walk->cell_max, 1))
		return &record->cells[record->cell_count++];
	replay_give_up(walk);
	return NULL;
}

/* The frame that the walk stands on. */
static inline void replay_add_frame(struct replay_walk *walk, uint32_t flags)
{
	uint64_t sp_offset = walk->sp - walk->slot, bp_offset = walk->bp - walk->sp;
	struct replay_cell *cell = replay_add(walk);

	if (cell == NULL)
		return;
	if ((int64_t)sp_offset != (int32_t)sp_offset)
		flags |= REPLAY_DEPENDS;
	if ((int64_t)bp_offset != (int32_t)bp_offset)
		flags |= walk->bp == 0 ? REPLAY_ZERO_BP : REPLAY_FAR_BP;
	cell->address = walk->slot;
	cell->value = walk->ip;
	cell->sp_offset = (int32_t)sp_offset;
	cell->bp_offset = (int32_t)bp_offset;
	cell->node = 0;
	cell->flags = flags;
}

static void replay_add_word(struct replay_walk *walk, uint64_t address, uint64_t value,
			    uint32_t flags)
{
	struct replay_cell *cell = walk->record != NULL ? replay_add(walk) : NULL;

	if (cell != NULL)
		*cell = (struct replay_cell){.address = address, .value = value, .flags = flags};
}

void replay_walk_note(struct replay_walk *walk, const struct unwind_cursor *cursor)
{
	const struct unwind_step *step = &cursor->step;
	uint32_t flags = REPLAY_FRAME;

	if (walk->record == NULL)
		return;
	if (walk->is_exact)
		flags |= REPLAY_EXACT;
	if ((step->used & UNWIND_USED_BP) != 0)
		flags |= REPLAY_USES_BP;
	if (step->bp_slot != 0)
		flags |= REPLAY_RESTORES_BP;
	if ((step->used & UNWIND_USED_OTHER) != 0 || cursor->is_probing || walk->was_probing ||
	    cursor->next_status == UNWIND_BROKEN)
		flags |= REPLAY_DEPENDS;
	replay_add_frame(walk, flags);
	if ((flags & REPLAY_DEPENDS) == 0) {
		if (step->bp_slot != 0)
			replay_add_word(walk, step->bp_slot, cursor->bp, REPLAY_IS_BP);
		if (step->word_slot != 0)
			replay_add_word(walk, step->word_slot, replay_word(step->word_slot), 0);
	}
	walk->slot = step->ra_slot;
	walk->ip = cursor->ip;
	walk->sp = cursor->sp;
	walk->bp = cursor->bp;
	walk->is_exact = cursor->is_exact;
	walk->was_probing = cursor->is_probing;
}

/* Marks the frames from which on rbp matters, and leaves out the saved ones that do not. */
static void replay_need_bp(struct replay_stack *record, bool needs_bp)
{
	for (uint32_t i = record->cell_count; i-- > 0;) {
		struct replay_cell *cell = &record->cells[i];

		if (cell->flags & REPLAY_IS_BP && !needs_bp)
			cell->address = 0;
		if ((cell->flags & REPLAY_FRAME) == 0)
			continue;
		needs_bp = (cell->flags & REPLAY_USES_BP) != 0 ||
			   (needs_bp && (cell->flags & REPLAY_RESTORES_BP) == 0);
		if (needs_bp)
			cell->flags |= REPLAY_NEEDS_BP;
		if (needs_bp && (cell->flags & REPLAY_FAR_BP) != 0)
			cell->flags |= REPLAY_DEPENDS;
	}
	record->bp_mask = needs_bp ? UINT64_MAX : 0;
}

static void replay_compact(struct replay_stack *record)
{
	uint32_t kept = 0;

	record->first_whole = 0;
	for (uint32_t i = 0; i < record->cell_count; i++) {
		const struct replay_cell *cell = &record->cells[i];

		/* a return address that was in a register has no address, but its frame counts */
		if (cell->address == 0 && (cell->flags & REPLAY_FRAME) == 0)
			continue;
		if (kept != i)
			record->cells[kept] = *cell;
		kept++;
		if (cell->flags & REPLAY_DEPENDS)
			record->first_whole = kept;
	}
	record->cell_count = kept;
}

/* The rest, from where the walk has met the other record. */
static void replay_add_rest(struct replay_walk *walk)
{
	struct replay_stack *record = walk->record;
	const struct replay_stack *base = walk->base;
	uint32_t count = base->cell_count - walk->base_next;

	if (count > walk->cell_max - record->cell_count) {
		replay_give_up(walk);
		return;
	}
	memcpy(&record->cells[record->cell_count], &base->cells[walk->base_next],
	       count * sizeof(struct replay_cell));
	/* the same frame, but its address may have been read elsewhere */
	record->cells[record->cell_count].sp_offset = (int32_t)(walk->sp - walk->slot);
	record->cells[record->cell_count].address = walk->slot;
	record->cell_count += count;
}

struct replay_stack *replay_walk_end(struct replay_walk *walk, const struct unwind_cursor *cursor)
{
	struct replay_stack *record = walk->record;
	bool has_met = cursor->next_status == UNWIND_FRAME;

	if (record == NULL)
		return NULL;
	/* a broken stack is walked, and counted as one, each time */
	if (cursor->next_status == UNWIND_BROKEN)
		replay_add_word(walk, walk->slot, 0, REPLAY_DEPENDS);
	else if (!has_met && cursor->step.ra_slot != 0)
		replay_add_word(walk, walk->slot, 0, 0);
	replay_need_bp(record, has_met && (walk->base->cells[walk->base_next].flags &
					   REPLAY_NEEDS_BP) != 0);
	replay_compact(record);
	if (has_met && walk->record != NULL)
		replay_add_rest(walk);
	return walk->record;
}

void replay_fill(struct replay_stack *stack, const uint32_t *nodes, uint32_t count)
{
	struct replay_cell *cell = stack->cells;

	for (; count > 0; cell++)
		if (cell->flags & REPLAY_FRAME) {
			cell->node = *nodes++;
			count--;
		}
}

/* Fills up to a multiple of four behind the first cell: with cells whose word is what they say, for ever. */
static void replay_pad(struct replay_stack *stack)
{
	static const uint64_t zero;
	uint32_t end;

	stack->quad_count = (stack->cell_count + 2) / 4;
	end = 1 + stack->quad_count * 4;
	for (uint32_t i = stack->cell_count; i < end; i++)
		stack->cells[i] = (struct replay_cell){.address = (uint64_t)(uintptr_t)&zero};
}

/* The return address that the innermost frame's step has read, as a cell; NULL = not one that sp tells. */
static const struct replay_cell *replay_outer_cell(const struct replay_stack *stack)
{
	uint32_t i = 1;

	if (stack->cell_count == 0 ||
	    (stack->cells[0].flags & (REPLAY_USES_BP | REPLAY_DEPENDS)) != 0)
		return NULL;
	while (i < stack->cell_count && (stack->cells[i].flags & REPLAY_FRAME) == 0)
		i++;
	if (i == stack->cell_count || stack->cells[i].address - stack->sp >= REPLAY_OUTER_BYTES_MAX)
		return NULL;
	return &stack->cells[i];
}

/* Notes where the function at ip keeps its return address, if there is room. */
static void replay_learn_outer(struct replay *replay, const struct replay_stack *stack)
{
	struct replay_outer *outer = &replay->outers[replay_outer_slot(stack->ip)];
	const struct replay_cell *cell = outer->ip == 0 ? replay_outer_cell(stack) : NULL;

	if (cell == NULL)
		return;
	outer->sp_offset = cell->address - stack->sp;
	mt_signal_fence();
	outer->ip = stack->ip;
}

void replay_keep(struct replay *replay, struct replay_stack *stack)
{
	uint16_t *ways;

	replay_pad(stack);
	replay->used = replay_end(replay, stack);
	mt_signal_fence();
	replay->last = stack;
	if (stack->first_whole != 0 || stack->cell_count == 0)
		return;
	replay_learn_outer(replay, stack);
	stack->hash = replay_hash_now(replay, stack->ip, stack->sp);
	ways = replay->ways[stack->hash % REPLAY_SETS];
	memmove(ways + 1, ways, (REPLAY_WAYS - 1) * sizeof(*ways));
	ways[0] = (uint16_t)(replay_offset(replay, stack) / REPLAY_UNIT);
}
