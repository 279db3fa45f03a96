/* SPDX-License-Identifier: Apache-2.0 */
/*
 * http.c - reads requests and writes responses.
 */
#include "http.h"

#include "place.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>
#include <unistd.h>

struct http_connection *http_open(int fd)
{
	struct http_connection *c;

	c = PLACE(PLACE_CONNECTION, malloc(sizeof(*c)));
	if (!c)
		return NULL;
	c->fd = fd;
	c->used = 0;
	return c;
}

void http_close(struct http_connection *connection)
{
	close(connection->fd);
	place_release(PLACE_CONNECTION, connection);
}

/* Bytes of the next request's head with its empty line; 0 at the end, -1 if it never comes. */
static long read_head(struct http_connection *c)
{
	for (;;) {
		char *end = memmem(c->buffer, c->used, "\r\n\r\n", 4);
		ssize_t got;

		if (end)
			return end + 4 - c->buffer;
		if (c->used == sizeof(c->buffer))
			return -1;
		got = recv(c->fd, c->buffer + c->used, sizeof(c->buffer) - c->used, 0);
		if (got <= 0)
			return c->used ? -1 : 0;
		c->used += (size_t)got;
	}
}

static char *copy_target(const char *from, size_t bytes)
{
	char *target = PLACE(PLACE_REQUEST_TARGET, malloc(bytes + 1));

	if (!target)
		return NULL;
	memcpy(target, from, bytes);
	target[bytes] = '\0';
	return target;
}

/* Parameters end in NUL bytes: who wants only the first reads a string. */
static char *decode_query(const char *from)
{
	char *query = PLACE(PLACE_QUERY, calloc(strlen(from) + 1, 1)), *out = query;
	unsigned value;

	if (!query)
		return NULL;
	for (; *from; from++) {
		if (*from == '%' && sscanf(from + 1, "%2x", &value) == 1) {
			*out++ = (char)value;
			from += 2;
		} else {
			*out++ = *from == '+' ? ' ' : *from == '&' ? '\0' : *from;
		}
	}
	return query;
}

static int parse_request_line(struct http_request *request, const char *line, size_t bytes)
{
	const char *target = memchr(line, ' ', bytes), *end;
	char *question;

	if (!target || (size_t)(target - line) >= sizeof(request->method))
		return -1;
	memcpy(request->method, line, (size_t)(target - line));
	target++;
	end = memchr(target, ' ', bytes - (size_t)(target - line));
	if (!end)
		return -1;
	request->target = copy_target(target, (size_t)(end - target));
	if (!request->target)
		return -1;
	question = strchr(request->target, '?');
	if (question) {
		*question = '\0';
		request->query = decode_query(question + 1);
	}
	return 0;
}

static int add_header(struct http_request *request, const char *line, size_t bytes)
{
	const char *colon = memchr(line, ':', bytes), *value;
	struct http_header *header;

	if (!colon)
		return -1;
	header = &request->headers[request->header_count++];
	for (value = colon + 1; value < line + bytes && *value == ' '; value++)
		;
	header->name = PLACE(PLACE_HEADER_NAME, strndup(line, (size_t)(colon - line)));
	header->value = PLACE(PLACE_HEADER_VALUE, strndup(value, bytes - (size_t)(value - line)));
	return header->name && header->value ? 0 : -1;
}

static int parse_headers(struct http_request *request, const char *at, const char *end)
{
	size_t lines = 0;

	for (const char *p = at; p < end; p++)
		lines += *p == '\n';
	request->headers = PLACE(PLACE_HEADER_LIST, calloc(lines + 1, sizeof(*request->headers)));
	if (!request->headers)
		return -1;
	while (at < end) {
		const char *line_end = memmem(at, (size_t)(end - at), "\r\n", 2);

		if (!line_end || line_end == at)
			break;
		if (add_header(request, at, (size_t)(line_end - at)))
			return -1;
		at = line_end + 2;
	}
	return 0;
}

static int read_body(struct http_connection *c, struct http_request *request, size_t head)
{
	const char *length = http_header(request, "Content-Length");
	size_t have = c->used - head, bytes = length ? strtoul(length, NULL, 10) : 0;

	if (bytes > HTTP_BUFFER_BYTES)
		return -1;
	if (bytes) {
		request->body = PLACE(PLACE_BODY, malloc(bytes + 1));
		if (!request->body)
			return -1;
	}
	if (have > bytes)
		have = bytes;
	if (have)
		memcpy(request->body, c->buffer + head, have);
	c->used -= head + have;
	memmove(c->buffer, c->buffer + head + have, c->used);
	while (have < bytes) {
		ssize_t got = recv(c->fd, request->body + have, bytes - have, 0);

		if (got <= 0)
			return -1;
		have += (size_t)got;
	}
	if (bytes)
		request->body[bytes] = '\0';
	request->body_bytes = bytes;
	return 0;
}

int http_read(struct http_connection *connection, struct http_request *request)
{
	long head = read_head(connection);
	const char *line_end;

	memset(request, 0, sizeof(*request));
	if (head <= 0)
		return (int)head;
	line_end = memmem(connection->buffer, (size_t)head, "\r\n", 2);
	if (parse_request_line(request, connection->buffer,
			       (size_t)(line_end - connection->buffer)) ||
	    parse_headers(request, line_end + 2, connection->buffer + head) ||
	    read_body(connection, request, (size_t)head))
		return -1;
	return 1;
}

void http_request_fini(struct http_request *request)
{
	for (size_t i = 0; i < request->header_count; i++) {
		place_release(PLACE_HEADER_NAME, request->headers[i].name);
		place_release(PLACE_HEADER_VALUE, request->headers[i].value);
	}
	place_release(PLACE_HEADER_LIST, request->headers);
	place_release(PLACE_REQUEST_TARGET, request->target);
	place_release(PLACE_QUERY, request->query);
	place_release(PLACE_BODY, request->body);
}

const char *http_header(const struct http_request *request, const char *name)
{
	for (size_t i = 0; i < request->header_count; i++)
		if (!strcasecmp(request->headers[i].name, name))
			return request->headers[i].value;
	return NULL;
}

static int send_all(int fd, const char *bytes, size_t count, int flags)
{
	while (count) {
		ssize_t sent = send(fd, bytes, count, MSG_NOSIGNAL | flags);

		if (sent <= 0)
			return -1;
		bytes += sent;
		count -= (size_t)sent;
	}
	return 0;
}

int http_respond(struct http_connection *connection, int status, const char *body)
{
	size_t bytes = strlen(body);
	char *head = PLACE(PLACE_RESPONSE_HEAD, malloc(128));
	int result;

	if (!head)
		return -1;
	snprintf(head, 128, "HTTP/1.1 %d %s\r\nContent-Length: %zu\r\n\r\n", status,
		 status < 400 ? "OK" : "Error", bytes);
	result = send_all(connection->fd, head, strlen(head), bytes ? MSG_MORE : 0);
	if (!result)
		result = send_all(connection->fd, body, bytes, 0);
	place_release(PLACE_RESPONSE_HEAD, head);
	return result;
}

int http_fail(struct http_connection *connection, int status, const char *format, ...)
{
	char text[256], *body;
	va_list arguments;
	int result;

	va_start(arguments, format);
	vsnprintf(text, sizeof(text), format, arguments);
	va_end(arguments);
	body = PLACE(PLACE_ERROR_TEXT, malloc(strlen(text) + 16));
	if (!body)
		return -1;
	snprintf(body, strlen(text) + 16, "error %d: %s\n", status, text);
	result = http_respond(connection, status, body);
	place_release(PLACE_ERROR_TEXT, body);
	return result;
}
