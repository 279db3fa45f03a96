/* SPDX-License-Identifier: Apache-2.0 */
/*
 * hidden.h - for the variables that every event reads.
 *
 * Layer 0. Declared so, a variable of another file is addressed directly; else by way of the table of addresses,
 * because the compiler must take it for one that the program may have replaced.
 */
#ifndef PRELOAD_HIDDEN_H
#define PRELOAD_HIDDEN_H

#define HIDDEN __attribute__((visibility("hidden")))

#endif
