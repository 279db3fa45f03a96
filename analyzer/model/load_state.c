/* SPDX-License-Identifier: Apache-2.0 */
/*
 * load_state.c - tells a running process from one that exited, replaced itself or was killed, and how long
 * it has been recorded.
 */
#include <sys/stat.h>
#include <time.h>

#include "model/exec_state.h"
#include "model/load.h"
#include "model/process_state.h"

static bool is_process_there(const struct mt_header *header)
{
	return header->pid > 0 && header->process_start_ticks != 0 &&
	       process_start_ticks(header->pid) == header->process_start_ticks;
}

/* A process of this pid and start time that maps this file. Its maps may be unreadable: then it counts. */
static bool is_there(const struct load *load)
{
	const struct mt_header *header = &load->snapshot->header;
	struct stat status;

	if (!is_process_there(header))
		return false;
	if (load->reader.input->fd < 0 || fstat(load->reader.input->fd, &status) < 0)
		return true;
	return process_maps_inode(header->pid, status.st_ino) != 0;
}

static enum snapshot_state recorded_state(uint32_t state, enum snapshot_state otherwise)
{
	switch (state) {
	case MT_STATE_EXITED:
		return SNAPSHOT_EXITED;
	case MT_STATE_EXECED:
		return SNAPSHOT_EXECED;
	case MT_STATE_KILLED:
		return SNAPSHOT_KILLED;
	default:
		return otherwise;
	}
}

int load_state(struct load *load)
{
	struct snapshot *snapshot = load->snapshot;

	if (!load->reader.is_live) {
		load->is_running = false;
		snapshot->state = recorded_state(snapshot->process.state, SNAPSHOT_RUNNING);
		return 0;
	}
	load->is_found = is_there(load);
	load->is_running = load->is_running || load->is_found;
	snapshot->state = recorded_state(snapshot->process.state,
					 load->is_running ? SNAPSHOT_RUNNING : SNAPSHOT_KILLED);
	/* the same process without the file mapped has replaced itself; else a later file tells of it */
	if (snapshot->state == SNAPSHOT_KILLED &&
	    (is_process_there(&snapshot->header) ||
	     exec_state_was_replaced(snapshot->path, &snapshot->header)))
		snapshot->state = SNAPSHOT_EXECED;
	return 0;
}

static uint64_t now_ns(void)
{
	struct timespec now;

	if (clock_gettime(CLOCK_MONOTONIC, &now) < 0)
		return 0;
	return (uint64_t)now.tv_sec * UINT64_C(1000000000) + (uint64_t)now.tv_nsec;
}

/* At the same moment as the counters; a pid of another namespace is the caller's to look up. */
int load_rss(struct load *load)
{
	struct mt_process *process = &load->snapshot->process;

	if (load->is_found && load->snapshot->state == SNAPSHOT_RUNNING)
		(void)process_rss(load->snapshot->header.pid, &process->rss_bytes,
				  &process->rss_anon_bytes);
	return 0;
}

uint64_t load_taken_ns(const struct load *load)
{
	const struct snapshot *snapshot = load->snapshot;
	uint64_t last_ns = snapshot->process.last_event_ns, now = now_ns();

	if (!load->reader.is_live)
		return snapshot->header.taken_ns;
	if (snapshot->process.exit_ns > last_ns)
		last_ns = snapshot->process.exit_ns;
	if (snapshot->timeline_count > 0 &&
	    snapshot->timeline[snapshot->timeline_count - 1].ns > last_ns)
		last_ns = snapshot->timeline[snapshot->timeline_count - 1].ns;
	if (snapshot->state == SNAPSHOT_RUNNING && now > snapshot->header.start_monotonic_ns &&
	    now - snapshot->header.start_monotonic_ns > last_ns)
		last_ns = now - snapshot->header.start_monotonic_ns;
	return last_ns;
}
