/* SPDX-License-Identifier: Apache-2.0 */
/*
 * exit_status.h - how a process ended, as only its parent knows, kept in its trace file.
 */
#ifndef MODEL_EXIT_STATUS_H
#define MODEL_EXIT_STATUS_H

#include "model/snapshot.h"

struct exit_status_text {
	char text[48];
};

/**
 * exit_status_store() - put the status of an ended process into its trace file.
 * @wait_status: as of wait(2).
 *
 * Return: 0; -EBADMSG not such a file; another negative errno.
 */
int exit_status_store(const char *path, int wait_status);

/**
 * exit_status_text() - "exit status 3", "signal 9 (Killed)"; "" = not known.
 */
struct exit_status_text exit_status_text(const struct snapshot *snapshot);

/* The same for a status as of wait(2). */
struct exit_status_text exit_status_text_of(int wait_status);

#endif
