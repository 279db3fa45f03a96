/* SPDX-License-Identifier: Apache-2.0 */
/*
 * symbolize_debuginfod.c - debug files by way of elfutils' debuginfod client.
 *
 * The client is opened when it is first asked for: with it come thirty libraries, which would take every
 * command of memtrace longer to start than most of them take to work.
 */
#include "model/symbolize_debuginfod.h"

#include <dlfcn.h>
#include <elfutils/debuginfod.h>
#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

#define CLIENT_LIBRARY "libdebuginfod.so.1"

struct debug_server {
	void *library;
	debuginfod_client *client;
	__typeof__(&debuginfod_begin) begin;
	__typeof__(&debuginfod_end) end;
	__typeof__(&debuginfod_find_debuginfo) find;
};

/* A function of the library; POSIX lets dlsym() return code as data. */
static bool take_function(struct debug_server *server, const char *name, void *function)
{
	*(void **)function = dlsym(server->library, name);
	return *(void **)function != NULL;
}

static int open_library(struct debug_server *server, struct error *error)
{
	server->library = dlopen(CLIENT_LIBRARY, RTLD_NOW | RTLD_LOCAL);
	if (server->library && take_function(server, "debuginfod_begin", &server->begin) &&
	    take_function(server, "debuginfod_end", &server->end) &&
	    take_function(server, "debuginfod_find_debuginfo", &server->find))
		return 0;
	return error_set(error, -ENOTSUP, "debuginfod: %s", dlerror());
}

int debug_server_open(struct debug_server **out, struct error *error)
{
	const char *urls = getenv(DEBUGINFOD_URLS_ENV_VAR);
	struct debug_server *server;
	int status;

	if (!urls || !*urls)
		return error_set(error, -EINVAL, "debuginfod: no server is named in $%s",
				 DEBUGINFOD_URLS_ENV_VAR);
	server = calloc(1, sizeof(*server));
	if (!server)
		return error_set(error, -ENOMEM, "out of memory");
	status = open_library(server, error);
	if (status == 0) {
		server->client = server->begin();
		if (!server->client)
			status = error_set(error, -ENOMEM, "debuginfod: the client does not start");
	}
	if (status != 0)
		debug_server_close(server);
	else
		*out = server;
	return status;
}

void debug_server_close(struct debug_server *server)
{
	if (!server)
		return;
	if (server->client)
		server->end(server->client);
	/* the library stays: what it and those it uses have allocated for good would be lost with it */
	free(server);
}

int debug_server_fetch(struct debug_server *server, struct build_id id, char **path)
{
	int fd = server->find(server->client, id.data, (int)id.bytes, path);

	if (fd < 0)
		return fd == -ENOSYS ? -ENOENT : fd;
	close(fd);
	return 0;
}
