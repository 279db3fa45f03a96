/* SPDX-License-Identifier: Apache-2.0 */
/*
 * main.c - a small key-value server over HTTP on the loopback interface, with a leak to be found.
 *
 * usage: kvserver [--leak N] [--leak-every N] [--leak-line] [--workers N]
 *
 * Prints "port N" and serves until it is told DELETE /server. Nothing in it knows
 * that it may be traced. --leak-line prints where place N is, as "function file:line", and ends.
 */
#include "http.h"
#include "journal.h"
#include "place.h"
#include "session.h"
#include "store.h"

#include <arpa/inet.h>
#include <getopt.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define WORKER_MAX 16

struct settings {
	int leak;
	unsigned leak_every;
	bool wants_leak_line;
	int workers;
};

static int listener;
static volatile bool must_stop;
static int connection_count; /* open ones */

static int put_key(struct http_connection *c, const struct http_request *r, const char *name)
{
	if (!r->body)
		return http_fail(c, 400, "no value for key %s", name);
	if (store_put(name, r->body))
		return http_fail(c, 500, "no memory for key %s", name);
	return http_respond(c, 200, "stored\n");
}

static int get_key(struct http_connection *c, const struct http_request *r, const char *name)
{
	char *value = store_get(name);
	int result;

	(void)r;
	if (!value)
		return http_fail(c, 404, "no key %s", name);
	result = http_respond(c, 200, value);
	store_release_copy(value);
	return result;
}

static int delete_key(struct http_connection *c, const struct http_request *r, const char *name)
{
	(void)r;
	if (store_delete(name))
		return http_fail(c, 404, "no key %s", name);
	return http_respond(c, 200, "deleted\n");
}

static int list_keys(struct http_connection *c, const struct http_request *r, const char *name)
{
	char *list = store_list(r->query ? r->query : "");
	int result;

	(void)name;
	if (!list)
		return http_fail(c, 500, "no memory");
	result = http_respond(c, 200, list);
	store_release_list(list);
	return result;
}

static int log_in(struct http_connection *c, const struct http_request *r, const char *name)
{
	char token[SESSION_TOKEN_BYTES];

	(void)name;
	if (session_begin(r->body ? r->body : "guest", token))
		return http_fail(c, 500, "no memory");
	return http_respond(c, 200, token);
}

static int log_out(struct http_connection *c, const struct http_request *r, const char *name)
{
	(void)r;
	if (session_end(name))
		return http_fail(c, 404, "no session %s", name);
	return http_respond(c, 200, "bye\n");
}

static int tell_stats(struct http_connection *c, const struct http_request *r, const char *name)
{
	char text[64];

	(void)r;
	(void)name;
	snprintf(text, sizeof(text), "leaked %lu\nconnections %d\n", place_leaked(),
		 __atomic_load_n(&connection_count, __ATOMIC_ACQUIRE));
	return http_respond(c, 200, text);
}

static int stop_server(struct http_connection *c, const struct http_request *r, const char *name)
{
	(void)r;
	(void)name;
	must_stop = true;
	shutdown(listener, SHUT_RDWR);
	return http_respond(c, 200, "stopping\n");
}

static const struct {
	const char *method, *prefix;
	int (*handle)(struct http_connection *, const struct http_request *, const char *name);
} routes[] = {
	{"PUT", "/keys/", put_key},	  {"GET", "/keys/", get_key},
	{"DELETE", "/keys/", delete_key}, {"GET", "/keys", list_keys},
	{"POST", "/sessions", log_in},	  {"DELETE", "/sessions/", log_out},
	{"GET", "/stats", tell_stats},	  {"DELETE", "/server", stop_server},
};

static int answer(struct http_connection *c, const struct http_request *r)
{
	const char *token = http_header(r, "Session");

	if (token && session_touch(token))
		return http_fail(c, 403, "no session %s", token);
	for (size_t i = 0; i < sizeof(routes) / sizeof(routes[0]); i++) {
		size_t bytes = strlen(routes[i].prefix);

		if (!strcmp(routes[i].method, r->method) &&
		    !strncmp(r->target, routes[i].prefix, bytes))
			return routes[i].handle(c, r, r->target + bytes);
	}
	return http_fail(c, 404, "%s %s is not known", r->method, r->target);
}

static void serve_connection(int fd)
{
	struct http_connection *c = http_open(fd);
	struct http_request request;
	int state;

	if (!c) {
		close(fd);
		return;
	}
	do {
		state = http_read(c, &request);
		if (state > 0) {
			journal_add(request.method, request.target);
			if (answer(c, &request))
				state = 0;
		} else if (state < 0) {
			http_fail(c, 400, "malformed request");
		}
		http_request_fini(&request);
	} while (state > 0 && !must_stop);
	http_close(c);
}

static void *work(void *unused)
{
	(void)unused;
	while (!must_stop) {
		int fd = accept(listener, NULL, NULL);

		if (fd < 0)
			continue;
		__atomic_fetch_add(&connection_count, 1, __ATOMIC_RELAXED);
		serve_connection(fd);
		__atomic_fetch_sub(&connection_count, 1, __ATOMIC_RELEASE);
	}
	return NULL;
}

static int open_listener(void)
{
	struct sockaddr_in address = {.sin_family = AF_INET,
				      .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	socklen_t bytes = sizeof(address);

	listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (listener < 0 || bind(listener, (struct sockaddr *)&address, sizeof(address)) ||
	    listen(listener, 64) || getsockname(listener, (struct sockaddr *)&address, &bytes))
		return -1;
	printf("port %d\n", ntohs(address.sin_port));
	fflush(stdout);
	return 0;
}

static int parse(int argc, char **argv, struct settings *s)
{
	static const struct option options[] = {
		{"leak", required_argument, NULL, 'l'},
		{"leak-every", required_argument, NULL, 'e'},
		{"leak-line", no_argument, NULL, 'w'},
		{"workers", required_argument, NULL, 'n'},
		{0},
	};
	int option;

	*s = (struct settings){.leak_every = 4, .workers = 4};
	while ((option = getopt_long(argc, argv, "", options, NULL)) != -1) {
		switch (option) {
		case 'l':
			s->leak = atoi(optarg);
			break;
		case 'e':
			s->leak_every = (unsigned)atoi(optarg);
			break;
		case 'w':
			s->wants_leak_line = true;
			break;
		case 'n':
			s->workers = atoi(optarg);
			break;
		default:
			return -1;
		}
	}
	return s->leak >= 0 && s->leak < PLACE_COUNT && s->workers > 0 && s->workers <= WORKER_MAX
		       ? 0
		       : -1;
}

static int print_leak_line(int leak)
{
	const struct place *place = place_find((enum place_id)leak);

	if (!place)
		return 2;
	printf("%s %s:%d\n", place->function, place->file, place->line);
	return 0;
}

int main(int argc, char **argv)
{
	pthread_t threads[WORKER_MAX];
	struct settings settings;

	if (parse(argc, argv, &settings)) {
		fprintf(stderr,
			"usage: kvserver [--leak 1..%d] [--leak-every N] [--leak-line] "
			"[--workers 1..%d]\n",
			PLACE_COUNT - 1, WORKER_MAX);
		return 2;
	}
	if (settings.wants_leak_line)
		return print_leak_line(settings.leak);
	place_set_leak((enum place_id)settings.leak, settings.leak_every);
	if (open_listener()) {
		perror("kvserver");
		return 1;
	}
	for (int i = 0; i < settings.workers; i++)
		if (pthread_create(&threads[i], NULL, work, NULL))
			return 1;
	for (int i = 0; i < settings.workers; i++)
		pthread_join(threads[i], NULL);
	close(listener);
	return 0;
}
