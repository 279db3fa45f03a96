/* SPDX-License-Identifier: Apache-2.0 */
/*
 * self_check_replay.c - compares recorded stacks, frame by frame, with a walk that remembers nothing.
 *
 * A difference is described by several messages that begin alike: one line for each frame around the first
 * differing one, with the recorded location, the walked one, and the code in front of the latter.
 */
#include "self_check_replay.h"

#include <stddef.h>
#include <stdint.h>

#include "clock.h"
#include "memtrace/atomic.h"
#include "memtrace/format.h"
#include "module_table.h"
#include "options.h"
#include "os.h"
#include "self_check_room.h"
#include "text.h"
#include "trace_file.h"

#define REPLAY_SHOWN_MAX 8u
#define REPLAY_SHOWN_BEFORE 1u
#define REPLAY_SHOWN_AFTER 4u
#define REPLAY_CODE_BYTES 16u

/* How a recorded stack ends; truncated ones have only their innermost frames. */
enum check_end { REPLAY_WHOLE, REPLAY_BROKEN, REPLAY_TRUNCATED, REPLAY_OVERFLOW };

struct check_stack {
	uint64_t *words; /* location words, innermost first */
	size_t count;
	enum check_end end;
};

static uint64_t replay_every, replay_calls, replay_equal, replay_different;

void self_check_replay_init(void)
{
	const char *value = options_environment(SELF_CHECK_ENV_REPLAY);

	if (value == NULL || !text_to_number(value, &replay_every))
		replay_every = 0;
}

bool self_check_replay_is_on(void)
{
	return replay_every > 0;
}

static void check_say(const struct text *text)
{
	trace_file_message(1, clock_now_ns(), text->data);
}

static uint64_t check_word(uint64_t address)
{
	struct module_info info;
	uint64_t module = MT_MODULE_NONE;

	if (module_table_find(address, &info))
		module = module_table_record(&info);
	if (module != MT_MODULE_NONE)
		address -= info.bias;
	return module << MT_LOCATION_MODULE_SHIFT | (address & MT_LOCATION_OFFSET_MASK);
}

/* What stands in the tree, up to the node that no code belongs to. */
static void check_recorded(uint32_t node, struct check_stack *stack)
{
	stack->count = 0;
	stack->end = REPLAY_OVERFLOW;
	while (node != 0 && stack->count < SELF_CHECK_FRAMES) {
		const struct mt_node *entry = trace_file_entry(TRACE_NODES, node);
		uint64_t word =
			*(const uint64_t *)trace_file_entry(TRACE_LOCATIONS, entry->location);

		if (word >> MT_LOCATION_MODULE_SHIFT == MT_MODULE_PSEUDO) {
			switch ((word & MT_LOCATION_OFFSET_MASK) >> MT_PSEUDO_SHIFT) {
			case MT_PSEUDO_THREAD:
				stack->end = REPLAY_WHOLE;
				break;
			case MT_PSEUDO_UNKNOWN:
				stack->end = REPLAY_BROKEN;
				break;
			case MT_PSEUDO_TRUNCATED:
				stack->end = REPLAY_TRUNCATED;
				break;
			}
			return;
		}
		stack->words[stack->count++] = word;
		node = entry->parent;
	}
}

static void check_walked(const struct unwind_regs *regs, const struct unwind_frame *frame,
			 struct unwind_bounds *bounds, struct check_stack *stack)
{
	struct unwind_cursor cursor;
	enum unwind_status status = UNWIND_FRAME;

	stack->count = 0;
	unwind_begin_above(&cursor, regs, frame, bounds);
	while (status == UNWIND_FRAME && stack->count < SELF_CHECK_FRAMES) {
		status = unwind_next(&cursor);
		if (status == UNWIND_FRAME)
			stack->words[stack->count++] = check_word(cursor.frame_address);
	}
	stack->end = status == UNWIND_BROKEN ? REPLAY_BROKEN : REPLAY_WHOLE;
}

static void check_add_word(struct text *text, uint64_t word)
{
	uint32_t module = (uint32_t)(word >> MT_LOCATION_MODULE_SHIFT);
	const struct mt_module *record = trace_file_entry(TRACE_MODULES, module);

	if (record != NULL && record->path != 0) {
		const char *path = trace_file_entry(TRACE_STRINGS, record->path);

		text_add(text, text_base_name(path));
	} else {
		text_add(text, "?");
	}
	text_add(text, "+");
	text_add_hex(text, word & MT_LOCATION_OFFSET_MASK);
}

/* The bytes in front of an address: its call, where it is a return address. */
static void check_add_code(struct text *text, uint64_t word)
{
	uint32_t module = (uint32_t)(word >> MT_LOCATION_MODULE_SHIFT);
	const struct mt_module *record = trace_file_entry(TRACE_MODULES, module);
	const uint8_t *code;

	if (module == MT_MODULE_NONE || record == NULL)
		return;
	code = (const uint8_t *)(uintptr_t)(record->bias + (word & MT_LOCATION_OFFSET_MASK)) + 1 -
	       REPLAY_CODE_BYTES;
	text_add(text, " ");
	for (uint32_t i = 0; os_is_readable(code, REPLAY_CODE_BYTES) && i < REPLAY_CODE_BYTES;
	     i++) {
		text_add_bytes(text, &"0123456789abcdef"[code[i] >> 4], 1);
		text_add_bytes(text, &"0123456789abcdef"[code[i] & 15], 1);
	}
}

static void check_show_frame(uint64_t number, size_t at, const struct check_stack *recorded,
			     const struct check_stack *walked)
{
	char line[112];
	struct text text;

	text_init(&text, line, sizeof(line));
	text_add(&text, "check: replay ");
	text_add_number(&text, number);
	text_add(&text, " frame ");
	text_add_number(&text, at);
	text_add(&text, " ");
	if (at < recorded->count)
		check_add_word(&text, recorded->words[at]);
	else
		text_add(&text, "-");
	text_add(&text, " ");
	if (at < walked->count) {
		check_add_word(&text, walked->words[at]);
		check_add_code(&text, walked->words[at]);
	} else {
		text_add(&text, "-");
	}
	check_say(&text);
}

static void check_show(size_t at, const struct check_stack *recorded,
		       const struct check_stack *walked)
{
	size_t from = at > REPLAY_SHOWN_BEFORE ? at - REPLAY_SHOWN_BEFORE : 0;
	uint64_t number = mt_fetch_add_relaxed(&replay_different, 1);

	for (size_t i = from; number < REPLAY_SHOWN_MAX && i <= at + REPLAY_SHOWN_AFTER; i++)
		if (i < recorded->count || i < walked->count)
			check_show_frame(number, i, recorded, walked);
}

static void check_compare(const struct check_stack *recorded, const struct check_stack *walked)
{
	bool is_short = recorded->end == REPLAY_TRUNCATED;
	size_t at = 0;

	while (at < recorded->count && at < walked->count &&
	       recorded->words[at] == walked->words[at])
		at++;
	if (at == recorded->count &&
	    (is_short || (at == walked->count && recorded->end == walked->end)))
		(void)mt_add_relaxed(&replay_equal, 1);
	else
		check_show(at, recorded, walked);
}

void self_check_replay(const struct unwind_regs *regs, const struct unwind_frame *frame,
		       struct unwind_bounds *bounds, uint32_t node)
{
	struct check_stack recorded, walked;
	struct self_check_room *room;

	if (replay_every == 0 || mt_fetch_add_relaxed(&replay_calls, 1) % replay_every != 0)
		return;
	room = self_check_room_take();
	if (room == NULL)
		return;
	recorded.words = room->here;
	walked.words = room->there;
	check_recorded(node, &recorded);
	check_walked(regs, frame, bounds, &walked);
	if (recorded.end != REPLAY_OVERFLOW)
		check_compare(&recorded, &walked);
	self_check_room_give(room);
}

void self_check_replay_report(void)
{
	char line[112];
	struct text text;

	if (replay_every == 0)
		return;
	text_init(&text, line, sizeof(line));
	text_add(&text, "check: replay: ");
	text_add_number(&text, mt_load_relaxed(&replay_equal));
	text_add(&text, " equal, ");
	text_add_number(&text, mt_load_relaxed(&replay_different));
	text_add(&text, " different");
	check_say(&text);
}
