/* SPDX-License-Identifier: Apache-2.0 */
/*
 * broken_stacks.c - allocates below frames that no walk gets past, each from a function of its own.
 */
#include "truth.h"

#define CALLS 100

typedef void broken_frame(void (*callback)(void));

static struct truth truth = {.function = "site_below"};

static SITE void site_below(void)
{
	void *p = malloc(24);

	KEEP_FRAME();
	truth_alloc(&truth, 24);
	if (truth.alloc_count % 2 == 0) {
		free(p);
		truth_free(&truth, 24);
	}
}

#define BELOW(name)                                                                                \
	broken_frame name;                                                                         \
	static SITE void above_##name(void)                                                        \
	{                                                                                          \
		for (int i = 0; i < CALLS; i++)                                                    \
			name(site_below);                                                          \
	}

BELOW(frame_that_does_not_advance)
BELOW(frame_that_goes_back)
BELOW(frame_in_the_void)
BELOW(frame_without_address)
BELOW(frame_with_endless_expression)
BELOW(frame_with_empty_expression)
BELOW(frame_that_reads_nothing)
BELOW(frame_that_calls_itself)
BELOW(frame_with_garbage)
BELOW(frame_with_small_number)
BELOW(frame_that_points_into_code)
BELOW(frame_whose_link_is_itself)
BELOW(frame_whose_link_goes_back)

static void (*const all[])(void) = {
	above_frame_that_does_not_advance,
	above_frame_that_goes_back,
	above_frame_in_the_void,
	above_frame_without_address,
	above_frame_with_endless_expression,
	above_frame_with_empty_expression,
	above_frame_that_reads_nothing,
	above_frame_that_calls_itself,
	above_frame_with_garbage,
	above_frame_with_small_number,
	above_frame_that_points_into_code,
	above_frame_whose_link_is_itself,
	above_frame_whose_link_goes_back,
};

int main(void)
{
	for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++)
		all[i]();
	truth_tell(&truth);
	truth_number("calls", CALLS);
	return 0;
}
