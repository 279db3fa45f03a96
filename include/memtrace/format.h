/* SPDX-License-Identifier: Apache-2.0 */
/*
 * format.h - layout of a trace file and of a snapshot: the boundary between the shim and the analyzer.
 *
 * One layout, two states. A trace file (MT_KIND_LIVE) is mapped by the traced process and changes under
 * the reader; a snapshot (MT_KIND_SNAPSHOT) is the same thing with the slack squeezed out, one section
 * table entry per section type, and a CRC-32C over each section and over the header. All integers are
 * little-endian. docs/FORMAT.md says the same in prose.
 *
 * Compatibility: a reader strides by the entry_size it finds and ignores what lies behind the fields it
 * knows; it ignores section types it does not know unless MT_SECTION_REQUIRED is set; it refuses another
 * major version. Fields are only ever added behind existing ones.
 */
#ifndef MEMTRACE_FORMAT_H
#define MEMTRACE_FORMAT_H

#include <stddef.h>
#include <stdint.h>

#include "memtrace/control.h"
#include "memtrace/format_invalid.h"
#include "memtrace/numbering.h"

#define MT_MAGIC "MEMTRACE" /* 8 bytes, no NUL */
#define MT_MAJOR 1
#define MT_MINOR 0
#define MT_ENDIAN_MARK 0x01020304u
#define MT_PAGE_SIZE 4096u

enum mt_kind {
	MT_KIND_LIVE = 1,     /* trace file of a process, running, exited or killed */
	MT_KIND_SNAPSHOT = 2, /* squeezed copy, never changes */
};

/* Machine whose addresses the file holds. */
enum mt_arch {
	MT_ARCH_X86_64 = 62, /* the ELF e_machine numbers */
	MT_ARCH_AARCH64 = 183,
};

/* First 256 bytes of every file. */
struct mt_header {
	char magic[8]; /* MT_MAGIC */
	uint16_t major, minor;
	uint32_t endian;	     /* MT_ENDIAN_MARK as the writer stores it */
	uint32_t header_size;	     /* sizeof(struct mt_header): offset of the section table */
	uint16_t kind;		     /* enum mt_kind */
	uint16_t arch;		     /* enum mt_arch */
	uint32_t section_count;	     /* entries in the section table, used or not */
	uint32_t section_entry_size; /* sizeof(struct mt_section) */
	uint64_t file_bytes; /* live: end of the ranges handed out so far; snapshot: file length */
	int32_t pid;
	uint32_t sequence; /* snapshot: its ordinal in this process, from 1; live: 0 */
	uint64_t
		process_start_ticks; /* field 22 of /proc/PID/stat, clock ticks since boot; 0 unknown */
	uint64_t start_realtime_ns; /* wall clock when tracing was set up */
	uint64_t
		start_monotonic_ns; /* CLOCK_MONOTONIC at the same moment; every other time counts from it */
	uint64_t taken_ns;	    /* snapshot: nanoseconds after start; live: 0 */
	uint32_t label;		    /* snapshot: string offset of its label, 0 none */
	uint32_t control;      /* live: the last request, written by the analyzer; see control.h */
	uint32_t control_done; /* live: the last request that was carried out */
	uint32_t header_crc;   /* snapshot: CRC-32C of header (this field 0) and section table */
	char program[64];      /* name of the executable's file, NUL-terminated, cut */
	uint64_t sample_bytes; /* mean distance of samples; 0 = every event is recorded */
	int32_t parent_pid; /* of a forked child: the pid it was forked from; 0 = root of a session */
	uint32_t fork_generation;	   /* 0 for an exec'd image, +1 per fork without exec */
	uint32_t requests[MT_REQUEST_MAX]; /* live: the last ones, each at its mt_request_place() */
	uint8_t reserved[48];
};

enum mt_section_type {
	MT_SECTION_NONE = 0,
	MT_SECTION_PROCESS = 1, /* struct mt_process, one */
	MT_SECTION_COLUMNS =
		2, /* struct mt_column: where each counter lies in an entry of COUNTERS */
	MT_SECTION_STRINGS = 3,	  /* NUL-terminated UTF-8-ish bytes; offset 0 is "" */
	MT_SECTION_MODULES = 4,	  /* struct mt_module, index 0 unused */
	MT_SECTION_LOCATIONS = 5, /* uint64_t, see MT_LOCATION_*, index 0 unused */
	MT_SECTION_NODES = 6,	  /* struct mt_node, index 0 unused */
	MT_SECTION_SITES = 7,	  /* struct mt_site, index 0 unused */
	MT_SECTION_COUNTERS =
		8,	     /* struct mt_counters, index 0 unused; a snapshot has one per site */
	MT_SECTION_SIDE = 9, /* struct mt_side, index 0 unused */
	MT_SECTION_EPOCHS = 10,	      /* struct mt_sample, indexed by epoch id */
	MT_SECTION_TIMELINE = 11,     /* struct mt_sample, indexed by slot, see mt_time_slot() */
	MT_SECTION_THREAD_KINDS = 12, /* struct mt_thread_kind, index 0 unused */
	MT_SECTION_THREADS = 13,      /* struct mt_thread, the first MT_THREAD_MAX threads */
	MT_SECTION_MESSAGES = 14,     /* struct mt_message */
	MT_SECTION_MARKS = 15,	      /* struct mt_mark */
	MT_SECTION_DROPS = 16,	      /* uint64_t, indexed by enum mt_drop */
	MT_SECTION_SHARDS = 17,	      /* struct mt_shard, live files only */
	MT_SECTION_INVALID = 18,      /* struct mt_invalid; only where they are reported */
	MT_SECTION_TYPE_COUNT
};

#define MT_SECTION_REQUIRED                                                                        \
	1u /* flags: a reader that does not know this type must refuse the file */

/*
 * One run of entries of one type. A live file has several runs per growing type, at fixed places in the
 * table (mt_segment_slot()); a run not there yet has offset 0. Its `count` is kept only in the type's first
 * entry and is the number of ids handed out over all runs: entries may still be all zero (not written yet).
 */
struct mt_section {
	uint16_t type; /* enum mt_section_type; MT_SECTION_NONE = unused */
	uint16_t flags;
	uint32_t entry_size; /* bytes */
	uint64_t offset;     /* bytes from the start of the file; live: 0 until the run exists */
	uint64_t length;     /* bytes */
	uint64_t count;	     /* entries in use */
	uint64_t first;	     /* index of this run's first entry among all of its type */
	uint32_t crc;	     /* snapshot: CRC-32C of the bytes; live: 0 */
	uint32_t reserved;
};

enum mt_process_state {
	MT_STATE_RUNNING = 0, /* or killed: the reader looks whether the process is there */
	MT_STATE_EXITED = 1,  /* went through exit() or returned from main */
	MT_STATE_EXECED = 2,  /* replaced itself by exec; another file goes on */
	MT_STATE_KILLED = 3,  /* snapshots only: the process was gone without exit() */
};

/* Totals as every report names them (DESIGN: definitions). Order is fixed; new ones are appended. */
enum mt_total {
	MT_TOTAL_ALLOC_COUNT,
	MT_TOTAL_FREE_COUNT,
	MT_TOTAL_ALLOC_BYTES,
	MT_TOTAL_FREED_BYTES,
	MT_TOTAL_LIVE_BLOCKS,
	MT_TOTAL_LIVE_BYTES,
	MT_TOTAL_PEAK_LIVE_BYTES,
	MT_TOTAL_REALLOC_COUNT,
	MT_TOTAL_TEMPORARY_COUNT,
	MT_TOTAL_FOREIGN_FREE_COUNT,
	MT_TOTAL_UNSEEN_FREE_COUNT,
	MT_TOTAL_DROPPED_COUNT,
	MT_TOTAL_COUNT,
	MT_TOTAL_CAPACITY = 16,
};

/* Everything that exists once per process. Written by the shim with locked adds unless said otherwise. */
struct mt_process {
	int64_t live_bytes;	 /* sum of what the shards have published */
	int64_t peak_live_bytes; /* its highest value; see mt_shard.peak_bytes */
	uint64_t
		peak_number; /* raised at each new peak or when it is left, and at each reset; orders peaks
				     against site events */
	uint64_t
		peak_reset_number; /* peak_number at the last reset: older site peaks no longer count */
	uint64_t peak_ns; /* when the peak was reached, to the resolution of the last clock look */
	int64_t hold_bytes; /* each shard may hold back this much from live_bytes; 0 = exact */
	uint64_t foreign_free_count; /* frees of addresses that are not in the live table */
	uint64_t
		unseen_free_count; /* blocks found still live when the allocator handed their address out */
	uint64_t unseen_free_bytes;
	int64_t inherited_blocks; /* blocks alive when this process was forked */
	int64_t inherited_bytes;
	uint64_t last_event_ns;	    /* at the last look at the clock */
	uint64_t exit_ns;	    /* 0 while state is MT_STATE_RUNNING */
	uint64_t epoch_width_ns;    /* width of the first epochs */
	uint64_t timeline_width_ns; /* width of the first timeline slots */
	uint64_t live_root; /* live: address of the live table in the process, for info --verify */
	uint32_t live_root_bytes;
	uint32_t state;	     /* enum mt_process_state */
	uint32_t is_stopped; /* 1 while tracing is switched off */
	uint32_t depth_max;  /* frames kept of one stack */
	uint32_t unwinder;   /* enum mt_unwinder */
	uint32_t shard_count;
	uint32_t snapshot_count;    /* snapshots the process has made of itself */
	uint32_t executable;	    /* string offset of the executable's path */
	uint32_t working_directory; /* string offset */
	uint32_t command_line;	    /* string offset, 0 unless MEMTRACE_CMDLINE=1 */
	uint64_t rss_bytes;	    /* snapshot: resident set when it was taken; 0 unknown */
	uint64_t rss_anon_bytes;    /* snapshot: its anonymous part */
	int64_t totals
		[MT_TOTAL_CAPACITY]; /* snapshot: by enum mt_total; equal to the sums over the rows */
	uint32_t exit_status;	     /* reserved for `run`: wait status + 1, 0 unknown */
	uint32_t allocator;	     /* string offset of the file that malloc is forwarded to */
	uint32_t invalid_reporting; /* enum mt_invalid_reporting */
	uint8_t reserved[188];
};

enum mt_unwinder {
	MT_UNWINDER_CFI = 1,
	MT_UNWINDER_LIBUNWIND = 2,
};

/* Counter columns. The numbers are for ever; where one lies is told by the COLUMNS section. */
enum mt_column_id {
	MT_COLUMN_NODE = 1,
	MT_COLUMN_SITE,
	MT_COLUMN_VERSION,
	MT_COLUMN_ALLOC_COUNT,
	MT_COLUMN_ALLOC_BYTES,
	MT_COLUMN_FREE_COUNT,
	MT_COLUMN_FREED_BYTES,
	MT_COLUMN_REALLOC_COUNT,
	MT_COLUMN_TEMPORARY_COUNT,
	MT_COLUMN_AT_PEAK_BYTES,
	MT_COLUMN_PEAK_NUMBER,
	MT_COLUMN_PEAK_BYTES,
	MT_COLUMN_PUBLISHED_BYTES,
	MT_COLUMN_NEXT,
	MT_COLUMN_SIDE,
	MT_COLUMN_SIZE_BUCKET,
	MT_COLUMN_SHARD,
	MT_COLUMN_FLAGS,
};

struct mt_column {
	uint16_t id;	 /* enum mt_column_id */
	uint16_t offset; /* bytes from the start of an entry */
	uint16_t width;	 /* bytes: 1, 2, 4 or 8 */
	uint16_t flags;	 /* bit 0: signed */
};

#define MT_COLUMN_SIGNED 1u

/*
 * Counters of one (site, shard); of one site in a snapshot. A live entry has one writing thread, except
 * in shared shards (MT_COUNTERS_SHARED), and only ever grows.
 *
 *                    writer                          reader in another process
 *   version          |= 1 before, to even after      load, acquire, before and after; odd or changed: again
 *   free_*, freed_*  add after alloc_* of the block  load first
 *   alloc_*          add                             load second
 *
 * live = inherited (side records) + alloc - free, and may be negative in one shard of several.
 */
struct mt_counters {
	/* what most events touch: one cache line */
	uint32_t version; /* odd while the owner writes; unused in shared shards */
	uint8_t size_bucket; /* bucket of all sizes that no MT_SIDE_SIZE record counts; see mt_size_bucket() */
	uint8_t flags; /* MT_COUNTERS_* */
	uint16_t shard;
	uint64_t alloc_count;
	uint64_t alloc_bytes; /* requested */
	uint64_t free_count;  /* frees of inherited blocks included */
	uint64_t freed_bytes;
	uint64_t
		peak_number; /* mt_process.peak_number at the last event; if that has risen since then,
				     live bytes at the peak are the live bytes now */
	int64_t peak_bytes; /* highest live bytes of this entry; one entry per site: the site's peak */
	int64_t base_bytes; /* live: sum of its MT_SIDE_INHERITED bytes, for the writer's own use */
	/* what few do */
	uint32_t node; /* innermost node of the stack; 0 = entry not in use */
	uint32_t site; /* index into SITES */
	uint32_t next; /* next entry of the same site, 0 = last */
	uint32_t side; /* first of its side records, 0 = none */
	uint64_t realloc_count;
	uint64_t temporary_count;
	int64_t at_peak_bytes;	 /* live bytes of this entry at peak peak_number */
	int64_t published_bytes; /* part of the live bytes that mt_site.live_bytes has been told of */
	uint8_t reserved[16];
};

#define MT_COUNTERS_SHARED 1u	   /* several writers, locked adds: version is not kept */
#define MT_COUNTERS_APPROXIMATE 2u /* snapshot: the entry changed on each of the tries to read it */
#define MT_COUNTERS_SEVERAL                                                                        \
	8u /* live: other entries of the same site exist: mt_site's peak is kept */
#define MT_COUNTERS_PEAK_BOUND 4u /* snapshot: peak_bytes may be low by hold_bytes per shard */

enum mt_side_kind {
	MT_SIDE_SIZE = 1, /* allocations whose size falls in `bucket`: count, bytes */
	MT_SIDE_INHERITED =
		2, /* blocks alive at fork: count, bytes; signed, may be negative in one shard */
	MT_SIDE_INHERITED_FREED = 3, /* of those, freed since: count, bytes */
	/* where samples are recorded; `bucket` is enum mt_sampled, sums are over the recorded blocks */
	MT_SIDE_RECORDED = 4, /* the blocks themselves, not what they stand for: count, bytes */
	MT_SIDE_VARIANCE_COUNT =
		5, /* of the estimated count; sums as mt_sample_term() splits them: */
	MT_SIDE_VARIANCE_BYTES = 6, /* count holds the low part, bytes the high one */
	MT_SIDE_COVARIANCE = 7,	    /* of count and bytes, split likewise */
};

/* Which estimate the records above are of. */
enum mt_sampled {
	MT_SAMPLED_ALLOCATED = 0,
	MT_SAMPLED_FREED = 1,	  /* of inherited blocks too */
	MT_SAMPLED_INHERITED = 2, /* alive at fork */
	MT_SAMPLED_COUNT
};

/* What only some sites have, linked from their counters. */
struct mt_side {
	uint32_t next; /* 0 = last */
	uint8_t kind;  /* enum mt_side_kind; 0 = not in use */
	uint8_t bucket;
	uint16_t reserved;
	int64_t count;
	int64_t bytes;
};

/* A call stack that allocated. */
struct mt_site {
	uint32_t node;	   /* innermost node; 0 = not in use */
	uint32_t counters; /* first entry of COUNTERS, linked by `next` */
	uint32_t epoch;	   /* of its first allocation */
	uint32_t reserved;
	int64_t live_bytes; /* live: what the shards have published (process.hold_bytes each may be missing) */
	int64_t peak_bytes; /* live: highest value of live_bytes. Used when several shards know the site */
};

/*
 * A call stack is a path in a tree of nodes: parent is the next outer frame, ids of parents are always
 * smaller. The outermost node is the kind of thread; below it may stand MT_PSEUDO_TRUNCATED.
 * Two nodes may be equal (two threads added one at once): a reader treats them as one.
 */
struct mt_node {
	uint32_t parent;   /* 0 = none */
	uint32_t location; /* index into LOCATIONS */
};

/*
 * A location is module << 48 | offset: index into MODULES and frame address - load bias, 48 bits.
 * Module 0: code of no known module, offset is the raw address. Module MT_MODULE_PSEUDO: not code.
 */
#define MT_LOCATION_MODULE_SHIFT 48
#define MT_LOCATION_OFFSET_MASK ((UINT64_C(1) << MT_LOCATION_MODULE_SHIFT) - 1)
#define MT_MODULE_NONE 0u
#define MT_MODULE_PSEUDO 0xffffu

/* Kinds of pseudo location: bits 40-47 of the offset; bits 0-39 are their number. */
#define MT_PSEUDO_SHIFT 40
enum mt_pseudo {
	MT_PSEUDO_THREAD = 1,	 /* number: index into THREAD_KINDS */
	MT_PSEUDO_TRUNCATED = 2, /* the outer part of the stack was cut off */
	MT_PSEUDO_UNKNOWN = 3,	 /* the walk ended early: what called this is not known */
	MT_PSEUDO_OVERFLOW = 4,	 /* tables full: stacks that could not be told apart */
	MT_PSEUDO_API = 5,	 /* reported through memtrace_report_alloc() without a stack */
};

#define MT_BUILD_ID_MAX 32

struct mt_module {
	uint64_t start, end; /* mapped range when it was loaded */
	uint64_t bias;	     /* load bias: run-time address - link-time address */
	uint32_t path;	     /* string offset; "" for code without a file, "[vdso]" for the vdso */
	uint32_t generation; /* +1 for each module that was loaded, over the process's life */
	uint64_t load_ns;
	uint64_t unload_ns;	 /* 0 = still loaded as far as is known */
	uint32_t build_id_bytes; /* 0 = none */
	uint32_t flags;		 /* MT_MODULE_* */
	uint8_t build_id[MT_BUILD_ID_MAX];
	uint8_t reserved[40];
};

#define MT_MODULE_MAIN 1u /* the executable */
#define MT_MODULE_SELF 2u /* libmemtrace.so */

/* State of the process at one moment. start_ns 0 and events 0: nothing happened in that slot. */
struct mt_sample {
	uint64_t ns; /* when it was taken, after start */
	int64_t live_bytes;
	uint64_t rss_bytes;   /* 0 = not read (MEMTRACE_RSS=1 switches it on) */
	uint64_t alloc_count; /* since start */
	uint64_t alloc_bytes; /* since start */
	uint64_t reserved;
};

#define MT_THREAD_KIND_MAX 256u
#define MT_THREAD_MAX 1024u

struct mt_thread_kind {
	char name[16];	       /* thread name with each run of digits as '#', NUL-terminated */
	uint64_t thread_count; /* threads of this kind seen so far */
};

struct mt_thread {
	int32_t tid;	   /* 0 = not in use */
	uint32_t kind;	   /* index into THREAD_KINDS */
	uint64_t start_ns; /* at its first event */
	uint64_t end_ns;   /* 0 = running as far as is known */
	char name[16];
};

struct mt_message {
	uint64_t ns;
	uint32_t severity; /* 1 note, 2 warning; 0 = not in use */
	uint32_t reserved;
	char text[112]; /* NUL-terminated */
};

struct mt_mark {
	uint64_t ns;   /* 0 = not in use */
	char text[56]; /* NUL-terminated */
};

/* Things that could not be recorded. Each stands for lost or coarser information and is shown by `info`. */
enum mt_drop {
	MT_DROP_EVENTS, /* events nested too deep: not counted anywhere */
	MT_DROP_BLOCKS, /* allocations counted, but no room in the live table: their free is foreign */
	MT_DROP_SITES,	      /* events booked on MT_PSEUDO_OVERFLOW: no room for another stack */
	MT_DROP_COUNTERS,     /* events of a known stack lost: no room for its counters */
	MT_DROP_SIDE,	      /* allocations missing from the size histogram: no room */
	MT_DROP_MODULES,      /* modules without a record: raw addresses */
	MT_DROP_THREAD_KINDS, /* threads booked on the last kind */
	MT_DROP_TRUNCATED_STACKS, /* stacks cut at depth_max (counted, not lost) */
	MT_DROP_BROKEN_STACKS, /* stacks whose outer part could not be found (counted, not lost) */
	MT_DROP_MESSAGES,
	MT_DROP_MARKS,
	MT_DROP_SNAPSHOTS, /* snapshots of itself that could not be made */
	MT_DROP_EARLY,	   /* events before the trace file could be made, or without one */
	MT_DROP_CHILDREN,  /* children that could not make a file; added by them */
	MT_DROP_INVALID,   /* invalid frees and reallocs without a record: no room */
	MT_DROP_TIMELINE,  /* points of the timeline or of the epochs: no room */
	MT_DROP_COUNT,
	MT_DROP_CAPACITY = 32,
};

/*
 * Whether a figure of a report is wrong by this, be it only whose it is; the other drop counters stand for coarser
 * information.
 */
static inline int mt_drop_is_loss(uint32_t drop)
{
	return drop <= MT_DROP_COUNTERS || drop == MT_DROP_EARLY;
}

/*
 * One set of counters with one writing thread at a time. alloc_count over all shards is redundant with
 * COUNTERS and serves as a check of live and killed files.
 *
 * While mt_process.hold_bytes is 0 all events are those of one shard, and only now and then does the process
 * record learn of them: what is live is the sum of live_bytes over the shards, the peak is the highest of
 * peak_bytes and mt_process.peak_live_bytes, and if what is live is as much, the process is at its peak now:
 * what each site had at the peak is what it has.
 */
struct mt_shard {
	int64_t live_bytes;	 /* net of this shard */
	int64_t published_bytes; /* part that mt_process.live_bytes has been told of */
	uint64_t unused;
	uint64_t alloc_count;
	uint64_t alloc_bytes;
	int32_t tid; /* owner, 0 = none; of shared shards: -1 */
	uint32_t reserved;
	int64_t peak_bytes; /* highest live_bytes while it was the only one, 0 = none; counts for the process */
	uint8_t pad[72]; /* a shard never shares a cache line (or its prefetched neighbour) */
};

/* Length of the shortest trace file; its start is mapped at once. */
#define MT_LIVE_BYTES_MIN ((uint64_t)3776 << 10)

/* Runs of a live file are numbered as numbering.h says. */
#define MT_RUN_MAX 64u

/* log2 of the ids in run 0 and number of runs, by type; types not listed have one run and fixed capacity. */
#define MT_GROWING_TYPES(X)                                                                        \
	X(STRINGS, 1, 16, 49)                                                                      \
	X(MODULES, sizeof(struct mt_module), 8, 33)                                                \
	X(LOCATIONS, 8, 14, 57)                                                                    \
	X(NODES, sizeof(struct mt_node), 15, 61)                                                   \
	X(SITES, sizeof(struct mt_site), 14, 57)                                                   \
	X(COUNTERS, sizeof(struct mt_counters), 14, 57)                                            \
	X(SIDE, sizeof(struct mt_side), 13, 57)

/* Fixed capacities. */
#define MT_EPOCH_MAX 2048u
#define MT_TIMELINE_MAX 4096u
#define MT_MESSAGE_MAX 64u
#define MT_MARK_MAX 1024u
#define MT_SHARD_MAX 96u
#define MT_COLUMN_MAX 64u

#define MT_SECTION_SLOTS 416u

_Static_assert(sizeof(struct mt_header) == 256, "header");
_Static_assert(offsetof(struct mt_header, file_bytes) == 32, "header");
_Static_assert(offsetof(struct mt_header, control) == 84, "header");
_Static_assert(offsetof(struct mt_header, program) == 96, "header");
_Static_assert(sizeof(struct mt_section) == 48, "section");
_Static_assert(sizeof(struct mt_process) == 512, "process");
_Static_assert(sizeof(struct mt_column) == 8, "column");
_Static_assert(sizeof(struct mt_counters) == 128, "counters");
_Static_assert(offsetof(struct mt_counters, node) == 64, "counters");
_Static_assert(sizeof(struct mt_side) == 24, "side");
_Static_assert(sizeof(struct mt_site) == 32, "site");
_Static_assert(sizeof(struct mt_node) == 8, "node");
_Static_assert(sizeof(struct mt_module) == 128, "module");
_Static_assert(sizeof(struct mt_sample) == 48, "sample");
_Static_assert(sizeof(struct mt_thread_kind) == 24, "thread kind");
_Static_assert(sizeof(struct mt_thread) == 40, "thread");
_Static_assert(sizeof(struct mt_message) == 128, "message");
_Static_assert(sizeof(struct mt_mark) == 64, "mark");
_Static_assert(sizeof(struct mt_shard) == 128, "shard");

#endif
