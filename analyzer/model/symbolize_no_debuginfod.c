/* SPDX-License-Identifier: Apache-2.0 */
/*
 * symbolize_no_debuginfod.c - says that this build cannot ask debuginfod servers.
 */
#include <errno.h>
#include <stddef.h>

#include "model/symbolize_debuginfod.h"

int debug_server_open(struct debug_server **out, struct error *error)
{
	*out = NULL;
	return error_set(error, -ENOTSUP, "debuginfod: memtrace was built without its client");
}

void debug_server_close(struct debug_server *server)
{
	(void)server;
}

int debug_server_fetch(struct debug_server *server, struct build_id id, char **path)
{
	(void)server;
	(void)id;
	*path = NULL;
	return -ENOENT;
}
