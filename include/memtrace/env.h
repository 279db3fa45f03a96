/* SPDX-License-Identifier: Apache-2.0 */
/*
 * env.h - names of the environment variables, used by the shim that reads them and by the analyzer that
 * sets them. docs/memtrace.7.scd says what each does.
 */
#ifndef MEMTRACE_ENV_H
#define MEMTRACE_ENV_H

#define MT_ENV_OUT "MEMTRACE_OUT"	    /* directory or name pattern: %e %p %h %t %n */
#define MT_ENV_LIVE "MEMTRACE_LIVE"	    /* directory for the live file instead */
#define MT_ENV_DEPTH "MEMTRACE_DEPTH"	    /* frames kept of one stack, 1..4096 */
#define MT_ENV_UNWINDER "MEMTRACE_UNWINDER" /* cfi (default) or libunwind */
#define MT_ENV_SNAPSHOT_EVERY "MEMTRACE_SNAPSHOT_EVERY" /* 30s, 5m, 1h */
#define MT_ENV_SNAPSHOT_KEEP "MEMTRACE_SNAPSHOT_KEEP"	/* how many periodic ones are kept; 100 */
#define MT_ENV_SNAPSHOT_AT "MEMTRACE_SNAPSHOT_AT" /* live>2G, grow:256M, peak; comma-separated */
#define MT_SNAPSHOT_AT_MAX 8u			  /* so many of those */
#define MT_ENV_SNAPSHOT_SIGNAL "MEMTRACE_SNAPSHOT_SIGNAL" /* USR1, USR2, ... or a number */
#define MT_ENV_START "MEMTRACE_START"			  /* off: loaded but not recording */
#define MT_ENV_QUIET "MEMTRACE_QUIET"			  /* 1: nothing is ever written to fd 2 */
#define MT_ENV_FOLLOW "MEMTRACE_FOLLOW"		  /* 0: forked and exec'd children are not traced */
#define MT_ENV_SAMPLE "MEMTRACE_SAMPLE"		  /* 512K: record one block in so many bytes */
#define MT_ENV_SAMPLE_SEED "MEMTRACE_SAMPLE_SEED" /* a number: the same samples each time */
#define MT_ENV_RSS "MEMTRACE_RSS"		  /* 1: read the resident set for the timeline */
#define MT_ENV_CMDLINE "MEMTRACE_CMDLINE"	  /* 1: store the command line */
#define MT_ENV_REPORT_INVALID "MEMTRACE_REPORT_INVALID" /* 1: keep the stacks of invalid frees */
#define MT_ENV_SESSION "MEMTRACE_SESSION" /* directory:root pid:start time; set by us */

#define MT_SHIM_NAME "libmemtrace.so"
#define MT_LIBUNWIND_NAME "libmemtrace-libunwind.so"

#endif
