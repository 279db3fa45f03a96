/* SPDX-License-Identifier: Apache-2.0 */
/*
 * grow_while_looked_up.c - tells what became of a block that was reallocated while the next allocator was looked
 * up. Runs with odd_allocator preloaded.
 */
#include "truth.h"

#include "odd_allocator.h"

int main(void)
{
	free(malloc(1));
	truth_number("kept", odd_allocator_has_kept != NULL && odd_allocator_has_kept());
	return 0;
}
