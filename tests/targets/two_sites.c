/* SPDX-License-Identifier: Apache-2.0 */
/*
 * two_sites.c - two functions of one module that allocate ARG1 and ARG2 times, for a test that takes their names away.
 */
#include "truth.h"

static SITE void site_one(void)
{
	(void)!malloc(11);
	KEEP_FRAME();
}

static SITE void site_two(void)
{
	(void)!malloc(13);
	KEEP_FRAME();
}

int main(int argc, char **argv)
{
	int ones = argc > 2 ? atoi(argv[1]) : 0, twos = argc > 2 ? atoi(argv[2]) : 0;

	while (ones-- > 0)
		site_one();
	while (twos-- > 0)
		site_two();
	return 0;
}
