/* SPDX-License-Identifier: Apache-2.0 */
/*
 * journal.h - the last requests, kept in memory; the oldest one makes room.
 */
#ifndef KVSERVER_JOURNAL_H
#define KVSERVER_JOURNAL_H

/**
 * journal_add() - keep a line about a request. Threads: any.
 */
void journal_add(const char *method, const char *target);

#endif
