/* SPDX-License-Identifier: Apache-2.0 */
/*
 * inputs.c - finds and loads what a user names: a file, a process, the files of a process tree.
 */
#define _GNU_SOURCE 1 /* asprintf() */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cmd/cmd.h"
#include "cmd/open.h"
#include "cmd/session.h"
#include "model/target.h"
#include "model/trace_folder.h"

static int load_one(const char *operand, struct snapshot **out, struct error *error)
{
	pid_t pid;

	if (open_is_pid(operand, &pid))
		return target_load(pid, out, error);
	return snapshot_load(operand, out, error);
}

static int session_add(struct session *session, struct snapshot *snapshot)
{
	struct snapshot **snapshots;

	snapshots = realloc(session->snapshots,
			    (session->snapshot_count + 1) * sizeof(struct snapshot *));
	if (!snapshots) {
		snapshot_free(snapshot);
		return error_set(&session->error, -ENOMEM, "out of memory");
	}
	session->snapshots = snapshots;
	snapshots[session->snapshot_count++] = snapshot;
	return 0;
}

int session_load(struct session *session, const char *operand)
{
	struct snapshot *snapshot;
	int status = load_one(operand, &snapshot, &session->error);

	return status ? status : session_add(session, snapshot);
}

static int load_child(struct session *session, const char *path)
{
	struct snapshot *snapshot;
	struct error error = {0};
	struct finding *finding;

	if (snapshot_load(path, &snapshot, &error) == 0)
		return session_add(session, snapshot);
	if (session->findings.count == FINDING_MAX)
		return 0;
	finding = &session->findings.list[session->findings.count++];
	finding->kind = FINDING_WARNING;
	(void)snprintf(finding->text, sizeof(finding->text), "left out: %.380s", error.text);
	return 0;
}

int session_load_children(struct session *session, const char *operand)
{
	const struct snapshot *parent = session->snapshots[session->snapshot_count - 1];
	struct trace_folder folder = {0};
	char *path;
	int status = 0;
	size_t i;

	if (open_is_pid(operand, NULL) || parent->header.kind != MT_KIND_LIVE)
		return 0;
	if (asprintf(&path, "%s.d", operand) < 0)
		return error_set(&session->error, -ENOMEM, "out of memory");
	if (access(path, F_OK) != 0)
		goto out;
	status = trace_folder_read(path, false, 0, &folder, &session->error);
	for (i = 0; !status && i < folder.count; i++)
		if (folder.entries[i].header.kind == MT_KIND_LIVE)
			status = load_child(session, folder.entries[i].path);
	trace_folder_free(&folder);
out:
	free(path);
	return status;
}

int session_fail(const struct session *session, int status)
{
	if (!*session->error.text)
		return cmd_fail(CMD_FAILED, "%s", strerror(-status));
	return cmd_fail(status == -ENOMEM ? CMD_FAILED : CMD_BAD_INPUT, "%s", session->error.text);
}
