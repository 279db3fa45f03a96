/* SPDX-License-Identifier: Apache-2.0 */
/*
 * drop_text.c - what could not be recorded, and what that means for the figures.
 */
#include "render/drop_text.h"

const struct drop_text drop_text_table[] = {
	{MT_DROP_EVENTS, "events", "events nested too deep, in no figure"},
	{MT_DROP_BLOCKS, "blocks", "allocations counted whose free cannot be: they stay live"},
	{MT_DROP_SITES, "sites", "events of stacks beyond the table, booked on one common row"},
	{MT_DROP_COUNTERS, "counters",
	 "events of known stacks without room for counters, in no figure"},
	{MT_DROP_SIDE, "side", "allocations missing from the histograms of sizes only"},
	{MT_DROP_MODULES, "modules", "modules without a record: raw addresses in their frames"},
	{MT_DROP_THREAD_KINDS, "thread_kinds", "threads booked on the last kind of thread"},
	{MT_DROP_TRUNCATED_STACKS, "truncated_stacks",
	 "stacks cut at the depth limit; counted in full"},
	{MT_DROP_BROKEN_STACKS, "broken_stacks",
	 "stacks whose outer part could not be found; counted in full"},
	{MT_DROP_MESSAGES, "messages", "messages of the tracer beyond the table"},
	{MT_DROP_MARKS, "marks", "marks of the program beyond the table"},
	{MT_DROP_SNAPSHOTS, "snapshots", "snapshots of itself that could not be made"},
	{MT_DROP_EARLY, "early", "events before the trace file existed, in no figure"},
	{MT_DROP_CHILDREN, "children", "children that could not make a file of their own"},
	{MT_DROP_INVALID, "invalid",
	 "invalid frees and reallocs beyond the table of those reported"},
};

const size_t drop_text_count = sizeof(drop_text_table) / sizeof(drop_text_table[0]);

_Static_assert(sizeof(drop_text_table) / sizeof(drop_text_table[0]) == MT_DROP_COUNT,
	       "every drop counter has a meaning");
