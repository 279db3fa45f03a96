/* SPDX-License-Identifier: Apache-2.0 */
/*
 * privilege.h - whether executing a file changes what the process may do, which puts the loader into its
 * secure mode.
 */
#ifndef MODEL_PRIVILEGE_H
#define MODEL_PRIVILEGE_H

/**
 * privilege_gained() - by the rules of execve(2), for the calling process.
 * @fd: the program, open for reading.
 *
 * Return: what it has that makes the difference ("setuid root", ...), valid until the next call; NULL when
 * nothing changes: no such bits, already that user, a nosuid mount, or no_new_privs.
 */
const char *privilege_gained(int fd);

#endif
