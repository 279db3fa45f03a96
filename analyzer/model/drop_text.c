/* SPDX-License-Identifier: Apache-2.0 */
/*
 * drop_text.c - the table of what can go unrecorded.
 */
#include "model/drop_text.h"

const struct drop_text drop_texts[MT_DROP_COUNT] = {
	[MT_DROP_EVENTS] = {"events", "events nested too deep, in no figure",
			    "allocate less in signal handlers that interrupt each other"},
	[MT_DROP_BLOCKS] = {"blocks", "allocations counted whose free cannot be: they stay live",
			    "raise the limits of memory (ulimit -v, -d)"},
	[MT_DROP_SITES] = {"sites",
			   "events of stacks without room for them, booked on one common row",
			   "make room where the trace file lies, or keep fewer frames: --depth"},
	[MT_DROP_COUNTERS] = {"counters",
			      "events of known stacks without room for counters, in no figure",
			      "make room where the trace file lies"},
	[MT_DROP_SIDE] = {"side", "allocations missing from the histograms of sizes only",
			  "make room where the trace file lies"},
	[MT_DROP_MODULES] = {"modules", "modules without a record: raw addresses in their frames",
			     "make room where the trace file lies"},
	[MT_DROP_THREAD_KINDS] = {"thread_kinds", "threads booked on the last kind of thread",
				  "name threads alike but for digits"},
	[MT_DROP_TRUNCATED_STACKS] = {"truncated_stacks",
				      "stacks cut at the depth limit; counted in full",
				      "keep more frames: --depth"},
	[MT_DROP_BROKEN_STACKS] = {"broken_stacks",
				   "stacks whose outer part could not be found; counted in full",
				   "build the code with unwind information or frame pointers"},
	[MT_DROP_MESSAGES] = {"messages", "messages of the tracer beyond the table", NULL},
	[MT_DROP_MARKS] = {"marks", "marks of the program beyond the table", "set fewer marks"},
	[MT_DROP_SNAPSHOTS] = {"snapshots", "snapshots of itself that could not be made",
			       "take them from outside: memtrace snapshot PID"},
	[MT_DROP_EARLY] = {"early", "events before the trace file existed, in no figure", NULL},
	[MT_DROP_CHILDREN] = {"children", "children that could not make a file of their own",
			      "make room where the trace file lies"},
	[MT_DROP_TIMELINE] = {"timeline", "points of the timeline without room for them",
			      "make room where the trace file lies"},
	[MT_DROP_INVALID] = {"invalid",
			     "invalid frees and reallocs beyond the table of those reported", NULL},
};

bool drop_is_told(uint32_t drop)
{
	return mt_drop_is_loss(drop) || drop == MT_DROP_SNAPSHOTS || drop == MT_DROP_MARKS ||
	       drop == MT_DROP_CHILDREN || drop == MT_DROP_INVALID;
}
