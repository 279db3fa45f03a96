/* SPDX-License-Identifier: Apache-2.0 */
/*
 * session.h - who is logged in: a bounded list of sessions, each with a token and an idle timer.
 */
#ifndef KVSERVER_SESSION_H
#define KVSERVER_SESSION_H

#include <stddef.h>

#define SESSION_MAX 32
#define SESSION_TOKEN_BYTES 33

/**
 * session_begin() - log a user in; the oldest session ends when there are SESSION_MAX.
 * @token: set to its token.
 *
 * Return: 0, or -1 without memory. Threads: any.
 */
int session_begin(const char *user, char token[SESSION_TOKEN_BYTES]);

/**
 * session_end() - log out. Return: 0, or -1 for an unknown token. Threads: any.
 */
int session_end(const char *token);

/**
 * session_touch() - the session was used: its idle timer starts anew. -1 for an unknown token.
 */
int session_touch(const char *token);

#endif
