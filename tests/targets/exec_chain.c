/* SPDX-License-Identifier: Apache-2.0 */
/*
 * exec_chain.c - replaces itself three times; every image allocates in a function of its own.
 */
#include "truth.h"

#define STAGES 4

#define DEFINE_STAGE(n)                                                                            \
	static SITE void *site_stage_##n(void)                                                     \
	{                                                                                          \
		void *p = malloc(100 + n);                                                         \
                                                                                                   \
		KEEP_FRAME();                                                                      \
		return p;                                                                          \
	}

DEFINE_STAGE(0)
DEFINE_STAGE(1)
DEFINE_STAGE(2)
DEFINE_STAGE(3)

static void *(*const stages[STAGES])(void) = {
	site_stage_0,
	site_stage_1,
	site_stage_2,
	site_stage_3,
};

int main(int argc, char **argv)
{
	int stage = argc > 1 ? atoi(argv[1]) : 0;
	char name[32], next[16];
	struct truth t = {.function = name};

	snprintf(name, sizeof(name), "site_stage_%d", stage);
	for (int i = 0; i < 10 * (stage + 1); i++) {
		void *p = stages[stage]();

		truth_alloc(&t, 100 + (size_t)stage);
		if (i % 2) {
			free(p);
			truth_free(&t, 100 + (size_t)stage);
		}
	}
	truth_tell(&t);
	if (stage == STAGES - 1)
		return 0;
	snprintf(next, sizeof(next), "%d", stage + 1);
	execl("/proc/self/exe", argv[0], next, (char *)NULL);
	truth_require(0, "execl");
	return 1;
}
