/* SPDX-License-Identifier: Apache-2.0 */
/*
 * self_check.c - compares stacks with libunwind's, and the counters with the blocks that are alive.
 */
#include "self_check.h"

#include <stddef.h>
#include <stdint.h>

#include "clock.h"
#include "live_table.h"
#include "memtrace/atomic.h"
#include "module_table.h"
#include "options.h"
#include "os.h"
#include "sampled.h"
#include "self_check_replay.h"
#include "self_check_room.h"
#include "shard.h"
#include "squeeze_site.h"
#include "text.h"
#include "thread.h"
#include "trace_file.h"
#include "unwind_second.h"

#define CHECK_SHOWN_MAX 16u

bool self_check_is_on;

static uint64_t check_every, check_calls, check_shown;
/* How the two walks compare. */
enum check_result { CHECK_EQUAL, CHECK_LONGER, CHECK_SHORTER, CHECK_DIFFERENT, CHECK_RESULT_COUNT };
static uint64_t check_results[CHECK_RESULT_COUNT];

bool self_check_wants_second(void)
{
	const char *value = options_environment(SELF_CHECK_ENV_UNWIND);

	return value != NULL && text_to_number(value, &check_every) && check_every > 0;
}

void self_check_init(bool second_is_open)
{
	self_check_replay_init();
	if (!second_is_open)
		check_every = 0;
	self_check_is_on = check_every > 0 || self_check_replay_is_on();
}

static void check_say(const struct text *text)
{
	trace_file_message(1, clock_now_ns(), text->data);
}

/* module+offset, or the bare address */
static void check_add_address(struct text *text, uint64_t address)
{
	struct module_info info;
	const struct mt_module *record = NULL;
	const char *path = "?";

	if (module_table_find(address, &info)) {
		record = trace_file_entry(TRACE_MODULES, module_table_record(&info));
		address -= info.bias;
	}
	if (record != NULL && record->path != 0)
		path = trace_file_entry(TRACE_STRINGS, record->path);
	text_add(text, text_base_name(path));
	text_add(text, "+");
	text_add_hex(text, address);
}

static size_t check_walk(const struct unwind_regs *regs, struct unwind_bounds *bounds,
			 uint64_t *frames)
{
	struct unwind_cursor cursor;
	size_t count = 0;

	unwind_begin(&cursor, regs, bounds);
	while (count < SELF_CHECK_FRAMES && unwind_next(&cursor) == UNWIND_FRAME)
		frames[count++] = cursor.frame_address;
	return count;
}

/* libunwind's addresses as a walk of ours names them. */
static size_t check_walk_second(const struct unwind_regs *regs, struct unwind_bounds *bounds,
				uint64_t *frames)
{
	enum unwind_status end;
	size_t count = unwind_second_walk(regs, bounds, frames, SELF_CHECK_FRAMES, &end);
	struct unwind_cursor cursor;

	unwind_begin(&cursor, regs, bounds);
	for (size_t i = 0; i < count; i++) {
		unwind_second_frame(&cursor, frames[i]);
		frames[i] = cursor.frame_address;
	}
	return count;
}

static void check_show(size_t at, const uint64_t *here, size_t here_count, const uint64_t *there,
		       size_t there_count)
{
	char line[112];
	struct text text;

	if (mt_add_relaxed(&check_shown, 1) > CHECK_SHOWN_MAX)
		return;
	text_init(&text, line, sizeof(line));
	text_add(&text, "check: frame ");
	text_add_number(&text, at);
	if (at > 0) {
		text_add(&text, " above ");
		check_add_address(&text, here[at - 1]);
	}
	text_add(&text, ": here ");
	if (at < here_count)
		check_add_address(&text, here[at]);
	text_add(&text, ", libunwind ");
	if (at < there_count)
		check_add_address(&text, there[at]);
	check_say(&text);
}

static enum check_result check_compare(const uint64_t *here, size_t here_count,
				       const uint64_t *there, size_t there_count)
{
	size_t at = 0;

	while (at < here_count && at < there_count && here[at] == there[at])
		at++;
	if (at == here_count && at == there_count)
		return CHECK_EQUAL;
	check_show(at, here, here_count, there, there_count);
	if (at == there_count)
		return CHECK_LONGER;
	return at == here_count ? CHECK_SHORTER : CHECK_DIFFERENT;
}

static void check_second(const struct unwind_regs *regs, struct unwind_bounds *bounds)
{
	struct self_check_room *room;
	size_t here_count, there_count;

	if (check_every == 0 || mt_fetch_add_relaxed(&check_calls, 1) % check_every != 0)
		return;
	room = self_check_room_take();
	if (room == NULL)
		return;
	here_count = check_walk(regs, bounds, room->here);
	there_count = check_walk_second(regs, bounds, room->there);
	/* none: a walk of this thread was interrupted by a handler, which libunwind cannot do */
	if (there_count > 0) {
		enum check_result result =
			check_compare(room->here, here_count, room->there, there_count);

		(void)mt_add_relaxed(&check_results[result], 1);
	}
	self_check_room_give(room);
}

void self_check_event(const struct unwind_frame *frame, struct thread *thread, uint32_t site)
{
	const struct mt_site *record = trace_file_entry(TRACE_SITES, site);
	struct unwind_bounds own = {0, 0}, *bounds = thread != NULL ? &thread->bounds : &own;
	struct unwind_regs regs;

	unwind_regs_capture(&regs);
	check_second(&regs, bounds);
	if (record != NULL)
		self_check_replay(&regs, frame, bounds, record->node);
}

static void check_report_stacks(void)
{
	static const char *const names[CHECK_RESULT_COUNT] = {" equal, ",
							      " longer than libunwind's, ",
							      " shorter, ", " different"};
	char line[112];
	struct text text;

	text_init(&text, line, sizeof(line));
	text_add(&text, "check: stacks: ");
	for (uint32_t i = 0; i < CHECK_RESULT_COUNT; i++) {
		text_add_number(&text, mt_load_relaxed(&check_results[i]));
		text_add(&text, names[i]);
	}
	check_say(&text);
}

/* What the live table has, by site. */
struct check_live {
	uint64_t blocks, bytes;
};

struct check_table {
	struct check_live *sites;
	uint32_t count;
};

static void check_add_block(const struct mt_live_block *block, void *context)
{
	struct check_table *table = context;

	if (block->site >= table->count)
		return;
	table->sites[block->site].blocks += sampled_weight(block);
	table->sites[block->site].bytes += sampled_weight(block) * block->size;
}

static bool check_site(const struct mt_site *site, const struct check_live *live)
{
	struct squeeze_site sum;

	squeeze_site_sum(site, &sum);
	return sum.counters.node == 0 ||
	       (live->blocks == sum.counters.alloc_count - sum.counters.free_count +
					(uint64_t)sum.inherited.count &&
		live->bytes == sum.counters.alloc_bytes - sum.counters.freed_bytes +
				       (uint64_t)sum.inherited.bytes);
}

static bool check_is_alone(void)
{
	uint32_t owners = 0;

	for (uint32_t i = 0; i < trace_file.process->shard_count; i++)
		owners += mt_load_relaxed(&trace_file.shards[i].tid) > 0;
	return owners <= 1;
}

static void check_report_sites(void)
{
	struct check_table table = {.count = trace_file_count(TRACE_SITES)};
	size_t bytes = (table.count * sizeof(*table.sites) + 4095) & ~(size_t)4095;
	uint64_t agree = 0, differ = 0;
	char line[112];
	struct text text;

	table.sites = os_map(bytes);
	if (table.sites == NULL)
		return;
	live_table_each(check_add_block, &table);
	for (uint32_t id = 1; id < table.count; id++) {
		const struct mt_site *site = trace_file_entry(TRACE_SITES, id);

		if (site == NULL || site->node == 0)
			continue;
		if (check_site(site, &table.sites[id]))
			agree++;
		else
			differ++;
	}
	os_unmap(table.sites, bytes);
	text_init(&text, line, sizeof(line));
	text_add(&text, "check: sites: ");
	text_add_number(&text, agree);
	text_add(&text, " agree, ");
	text_add_number(&text, differ);
	text_add(&text, " differ");
	check_say(&text);
}

void self_check_at_exit(void)
{
	if (check_every != 0)
		check_report_stacks();
	self_check_replay_report();
	/* while others allocate there is no moment at which the two could agree */
	if (check_is_alone())
		check_report_sites();
}
