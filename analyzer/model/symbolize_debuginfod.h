/* SPDX-License-Identifier: Apache-2.0 */
/*
 * symbolize_debuginfod.h - asks the servers of $DEBUGINFOD_URLS. Private to symbolize*.c.
 *
 * Two files implement it; the build picks one: with the client library, or without.
 */
#ifndef MODEL_SYMBOLIZE_DEBUGINFOD_H
#define MODEL_SYMBOLIZE_DEBUGINFOD_H

#include "base/error.h"
#include "model/symbolize_elf.h"

struct debug_server;

/**
 * debug_server_open() - get ready to ask.
 *
 * Return: 0; -ENOTSUP when built without the client; -EINVAL when no server is named.
 */
int debug_server_open(struct debug_server **out, struct error *error);
void debug_server_close(struct debug_server *server);

/**
 * debug_server_fetch() - the debug file of a build ID, from the client's cache or a server.
 * @path: set to the local file's name, to be freed.
 *
 * Return: 0; -ENOENT if nobody has it; another negative errno when asking failed.
 */
int debug_server_fetch(struct debug_server *server, struct build_id id, char **path);

#endif
