/* SPDX-License-Identifier: Apache-2.0 */
/*
 * session.c - sessions, their tokens and their idle timers.
 */
#include "session.h"

#include "place.h"

#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

struct timer {
	time_t due;
	void (*expire)(const char *token);
	char reserved[24];
};

struct session {
	char *user;
	char *token;
	struct timer *timer;
	struct session *next;
};

static struct session *sessions; /* newest first */
static size_t session_count;
static unsigned long serial;
static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;

static struct timer *start_timer(time_t seconds)
{
	struct timer *timer = PLACE(PLACE_TIMER, malloc(sizeof(*timer)));

	if (!timer)
		return NULL;
	memset(timer, 0, sizeof(*timer));
	timer->due = time(NULL) + seconds;
	return timer;
}

static void cancel_timer(struct timer *timer)
{
	place_release(PLACE_TIMER, timer);
}

static void destroy(struct session *s)
{
	cancel_timer(s->timer);
	place_release(PLACE_SESSION_USER, s->user);
	place_release(PLACE_SESSION_TOKEN, s->token);
	place_release(PLACE_SESSION, s);
	session_count--;
}

static char *make_token(unsigned long number)
{
	char *token = PLACE(PLACE_SESSION_TOKEN, malloc(SESSION_TOKEN_BYTES));

	if (!token)
		return NULL;
	snprintf(token, SESSION_TOKEN_BYTES, "%016lx%016lx", number * 0x9e3779b97f4a7c15ul, number);
	return token;
}

static struct session *create(const char *user)
{
	struct session *s = PLACE(PLACE_SESSION, calloc(1, sizeof(*s)));

	if (!s)
		return NULL;
	session_count++;
	s->user = PLACE(PLACE_SESSION_USER, strdup(user));
	s->token = make_token(++serial);
	s->timer = start_timer(600);
	if (s->user && s->token && s->timer)
		return s;
	destroy(s);
	return NULL;
}

/* The link that points at the session with this token, or at the last one without a token. */
static struct session **find(const char *token)
{
	struct session **link = &sessions;

	while (*link && (token ? strcmp((*link)->token, token) != 0 : (*link)->next != NULL))
		link = &(*link)->next;
	return link;
}

static int remove_at(struct session **link)
{
	struct session *s = *link;

	if (!s)
		return -1;
	*link = s->next;
	destroy(s);
	return 0;
}

int session_begin(const char *user, char token[SESSION_TOKEN_BYTES])
{
	struct session *s;

	pthread_mutex_lock(&mutex);
	if (session_count >= SESSION_MAX)
		remove_at(find(NULL));
	s = create(user);
	if (s) {
		s->next = sessions;
		sessions = s;
		memcpy(token, s->token, SESSION_TOKEN_BYTES);
	}
	pthread_mutex_unlock(&mutex);
	return s ? 0 : -1;
}

int session_end(const char *token)
{
	int result;

	pthread_mutex_lock(&mutex);
	result = remove_at(find(token));
	pthread_mutex_unlock(&mutex);
	return result;
}

int session_touch(const char *token)
{
	struct session *s;

	pthread_mutex_lock(&mutex);
	s = *find(token);
	if (s) {
		cancel_timer(s->timer);
		s->timer = start_timer(600);
	}
	pthread_mutex_unlock(&mutex);
	return s ? 0 : -1;
}
