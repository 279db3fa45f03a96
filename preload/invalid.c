/* SPDX-License-Identifier: Apache-2.0 */
/*
 * invalid.c - tells a block that was freed before from the inside of one and from what was never seen, and keeps
 * one record for each way in which that happened.
 */
#define _GNU_SOURCE
#include "invalid.h"

#include <errno.h>
#include <stddef.h>
#include <sys/stat.h>
#include <unistd.h>

#include "clock.h"
#include "freed_table.h"
#include "live_table.h"
#include "memtrace/atomic.h"
#include "os.h"
#include "os_gate.h"
#include "sampler.h"
#include "say.h"
#include "text.h"
#include "trace_file.h"

/* Going through all live blocks takes a while; a program that frees what is not seen does so all the time. */
#define INVALID_SEARCHES 256u

bool invalid_is_on;

static const char *invalid_trace_path;
static uint32_t invalid_searches_left = INVALID_SEARCHES;
static uint32_t invalid_has_spoken; /* or may not */
static struct stat invalid_stderr;  /* what it was at the start */

static void invalid_refuse(const char *why)
{
	trace_file_message(2, 0, why);
	invalid_is_on = false;
}

void invalid_init(const struct options *options, const char *trace_path)
{
	invalid_is_on = options->reports_invalid;
	invalid_trace_path = trace_path;
	invalid_has_spoken = options->is_quiet || os_stat(STDERR_FILENO, &invalid_stderr) != 0;
	if (!invalid_is_on)
		return;
	if (sampler_bytes != 0)
		invalid_refuse("invalid frees: not told from others where samples are recorded");
	else if (!freed_table_init())
		invalid_refuse("invalid frees: no memory for the blocks freed last");
}

static uint32_t invalid_site_node(uint32_t id)
{
	const struct mt_site *site = trace_file_entry(TRACE_SITES, id);

	return site == NULL ? 0 : mt_load_relaxed(&site->node);
}

void invalid_note_free(const struct mt_live_block *block, uint32_t node)
{
	const struct freed_block freed = {block->address, block->size,
					  invalid_site_node(block->site), node};

	freed_table_put(&freed);
}

void invalid_forget(void)
{
	if (invalid_is_on)
		freed_table_forget_all();
}

/* A live block that holds an address. */
struct invalid_search {
	uint64_t address;
	struct mt_live_block block; /* address 0: none yet */
};

static void invalid_look(const struct mt_live_block *block, void *context)
{
	struct invalid_search *search = context;

	if ((block->flags & MT_LIVE_FLAG_API) == 0 && search->address > block->address &&
	    search->address - block->address < block->size)
		search->block = *block;
}

static bool invalid_may_search(void)
{
	uint32_t left = mt_load_relaxed(&invalid_searches_left);

	do {
		if (left == 0)
			return false;
	} while (!mt_cas_relaxed(&invalid_searches_left, &left, left - 1));
	return true;
}

/* What was to be freed, as far as that is known. */
static void invalid_explain(struct mt_invalid *record)
{
	struct invalid_search search = {.address = record->address};
	struct freed_block freed;

	record->kind = MT_INVALID_FOREIGN;
	if (!freed_table_find(record->address, &freed)) {
		if (!invalid_may_search())
			return;
		live_table_each(invalid_look, &search);
		/* the table changes meanwhile: only what it says when asked for that block counts */
		if (search.block.address != 0 &&
		    live_table_find(search.block.address, &search.block) &&
		    record->address - search.block.address < search.block.size) {
			record->kind = MT_INVALID_INSIDE;
			record->block_address = search.block.address;
			record->block_bytes = search.block.size;
			record->alloc_node = invalid_site_node(search.block.site);
			return;
		}
		if (!freed_table_find_around(record->address, &freed))
			return;
	}
	record->kind =
		freed.address == record->address ? MT_INVALID_FREED : MT_INVALID_INSIDE_FREED;
	record->block_address = freed.address;
	record->block_bytes = freed.size;
	record->alloc_node = freed.alloc_node;
	record->freed_node = freed.freed_node;
}

static bool invalid_is_same(const struct mt_invalid *a, const struct mt_invalid *b)
{
	return a->kind == b->kind && a->call == b->call && a->node == b->node &&
	       a->alloc_node == b->alloc_node && a->freed_node == b->freed_node;
}

/* Two threads may add equal records at the same time: a reader adds them up. */
static void invalid_count(const struct mt_invalid *record)
{
	uint64_t count = trace_file_invalid_count();
	struct mt_invalid *kept;

	for (uint64_t i = 0; i < count; i++) {
		kept = &trace_file.invalid[i];
		/* partner: the release below */
		if (mt_load_acquire(&kept->kind) == record->kind && invalid_is_same(kept, record)) {
			(void)mt_add_relaxed(&kept->count, 1);
			return;
		}
	}
	kept = trace_file_invalid_slot();
	if (kept == NULL) {
		trace_file_drop(MT_DROP_INVALID);
		return;
	}
	kept->call = record->call;
	kept->node = record->node;
	kept->alloc_node = record->alloc_node;
	kept->freed_node = record->freed_node;
	kept->count = 1;
	kept->ns = record->ns;
	kept->address = record->address;
	kept->block_address = record->block_address;
	kept->block_bytes = record->block_bytes;
	mt_store_release(&kept->kind, record->kind);
}

/* Standard error may have become something of the program's own, and a filter may allow no call that this takes. */
static bool invalid_may_speak(void)
{
	struct stat now;
	uint32_t spoken = 0;

	return mt_load_relaxed(&invalid_has_spoken) == 0 &&
	       (mt_load_relaxed(&os_shut) & OS_ALL) == 0 &&
	       mt_cas_relaxed(&invalid_has_spoken, &spoken, 1) &&
	       os_stat(STDERR_FILENO, &now) == 0 && now.st_dev == invalid_stderr.st_dev &&
	       now.st_ino == invalid_stderr.st_ino;
}

static void invalid_say(const struct mt_invalid *record)
{
	static const char *const calls[] = {
		[MT_INVALID_FREE] = "free", [MT_INVALID_REALLOC] = "realloc"};
	static const char *const kinds[] = {
		[MT_INVALID_FREED] = ", which was freed before",
		[MT_INVALID_INSIDE] = ", inside a live block",
		[MT_INVALID_INSIDE_FREED] = ", inside a block that was freed before",
		[MT_INVALID_FOREIGN] = ", which was not seen allocated",
	};
	static char line[OPTIONS_PATH_MAX]; /* said once */
	struct text text;

	text_init(&text, line, sizeof(line) - 1);
	text_add(&text, "memtrace: invalid ");
	text_add(&text, calls[record->call]);
	text_add(&text, " of 0x");
	text_add_hex(&text, record->address);
	text_add(&text, kinds[record->kind]);
	text_add(&text, "; stacks: memtrace invalid ");
	text_add(&text, invalid_trace_path);
	line[text.used++] = '\n';
	say_line(line, text.used);
}

void invalid_report(uint64_t address, enum mt_invalid_call call, uint32_t node)
{
	struct mt_invalid record = {.call = call,
				    .node = node,
				    .address = address,
				    .ns = clock_now_ns()};

	invalid_explain(&record);
	invalid_count(&record);
	if (invalid_may_speak())
		invalid_say(&record);
}
