/* SPDX-License-Identifier: Apache-2.0 */
/*
 * http.h - just enough HTTP/1.1: one request in, one response out, over a connected socket.
 */
#ifndef KVSERVER_HTTP_H
#define KVSERVER_HTTP_H

#include <stddef.h>

#define HTTP_BUFFER_BYTES 4096

struct http_connection {
	int fd;
	size_t used; /* bytes in buffer */
	char buffer[HTTP_BUFFER_BYTES];
};

struct http_header {
	char *name, *value;
};

struct http_request {
	char method[8];
	char *target; /* path; the query has been cut off */
	char *query;  /* decoded first parameter; NULL if there is none */
	struct http_header *headers;
	size_t header_count;
	char *body; /* NUL-terminated; NULL if there is none */
	size_t body_bytes;
};

struct http_connection *http_open(int fd);
void http_close(struct http_connection *connection);

/**
 * http_read() - next request of a connection. Release it with http_request_fini() in any case.
 *
 * Return: 1; 0 at the end of the connection; -1 for a request that is malformed.
 */
int http_read(struct http_connection *connection, struct http_request *request);
void http_request_fini(struct http_request *request);

/**
 * http_header() - value of a header, NULL if the request has none.
 */
const char *http_header(const struct http_request *request, const char *name);

/**
 * http_respond() - send status and body. Return: 0, or -1 if the peer is gone.
 */
int http_respond(struct http_connection *connection, int status, const char *body);

/**
 * http_fail() - send an error with a text made by printf rules.
 */
int http_fail(struct http_connection *connection, int status, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

#endif
