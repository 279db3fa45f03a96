/* SPDX-License-Identifier: Apache-2.0 */
/*
 * children.h - forks children that allocate, start threads and end in each of the ways there are.
 */
#ifndef SOAK_CHILDREN_H
#define SOAK_CHILDREN_H

/* Allocates what children inherit. */
void children_init(void);

/* Starts the next child, and waits for its end. */
void children_next(void);

/* The main function of an executed image. */
int children_image(void);

#endif
