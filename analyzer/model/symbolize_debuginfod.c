/* SPDX-License-Identifier: Apache-2.0 */
/*
 * symbolize_debuginfod.c - debug files by way of elfutils' debuginfod client.
 */
#include "model/symbolize_debuginfod.h"

#include <elfutils/debuginfod.h>
#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

int debug_server_open(struct debug_server **out, struct error *error)
{
	const char *urls = getenv(DEBUGINFOD_URLS_ENV_VAR);
	debuginfod_client *client;

	if (!urls || !*urls)
		return error_set(error, -EINVAL, "debuginfod: no server is named in $%s",
				 DEBUGINFOD_URLS_ENV_VAR);
	client = debuginfod_begin();
	if (!client)
		return error_set(error, -ENOMEM, "debuginfod: the client does not start");
	*out = (struct debug_server *)client;
	return 0;
}

void debug_server_close(struct debug_server *server)
{
	if (server)
		debuginfod_end((debuginfod_client *)server);
}

int debug_server_fetch(struct debug_server *server, struct build_id id, char **path)
{
	int fd = debuginfod_find_debuginfo((debuginfod_client *)server, id.data, (int)id.bytes,
					   path);

	if (fd < 0)
		return fd == -ENOSYS ? -ENOENT : fd;
	close(fd);
	return 0;
}
