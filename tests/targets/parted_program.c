/* SPDX-License-Identifier: Apache-2.0 */
/*
 * parted_program.c - a program at a fixed address that takes malloc's address, which is then in the program itself,
 * and whose segments have nothing between them.
 */
#include <stdlib.h>

int main(void)
{
	void *(*volatile function)(size_t) = malloc;

	free(function(100));
	return 0;
}
