/* SPDX-License-Identifier: Apache-2.0 */
/*
 * interval.h - between which values the truth lies, with 95 %, where a figure is an estimate from samples.
 *
 * A recorded block of weight w stands for itself and for w - 1 that are not seen. The sum over those, estimate
 * minus recorded, has a variance that is known from the recorded ones. As by M. P. Fay and E. J. Feuer, "Confidence
 * intervals for directly standardized rates", Statistics in Medicine 16 (1997), the sum is taken for a gamma
 * variable of that mean and variance; as in its mid-p form (M. P. Fay and S. Kim, 2017) half an event more is
 * added, so that limits are not too wide on the mean. The lower limit is lower than theirs where events are
 * few, because a site of which no sample was taken does not appear: limits have to hold among those
 * that do. The quantiles are of shape k + 1/2 for the upper and k + 1/2 - 6/(5 k) for the lower limit, k
 * being the number of events; of a single event the lower limit is what was recorded. Where none was seen of what
 * lives, was freed or has changed, up to three of the site's average ones may have escaped. What is always recorded
 * has no width, unless its sizes vary: then there may have been smaller ones. A process as a whole may have had blocks that left no
 * sample anywhere: the upper limit of a total without one that weighs more than itself is ln 20 = 3.0 times the distance above what was
 * recorded, as half of exp(-3.0) is 0.025 (the exact limit of a Poisson count of 0, in the mid-p form that is used throughout).
 *
 * For events of one weight the truth is inside in 94 to 98 % of the cases, for any number of them. Where a site
 * allocates in sizes that differ by orders of magnitude, many small blocks may have left no sample: then limits
 * of counts (not of bytes) are too narrow.
 */
#ifndef MODEL_INTERVAL_H
#define MODEL_INTERVAL_H

#include <stdbool.h>
#include <stdint.h>

#include "model/estimate.h"
#include "model/field.h"

struct interval {
	int64_t low, high;
};

/* Figures and what stands behind them. */
struct estimated {
	const struct figures *figures;
	const struct estimate *estimate; /* NULL: they are exact */
};

/**
 * interval_has() - whether a column has limits at all: of the number of call stacks there are none.
 */
bool interval_has(const struct field *field);

/**
 * interval_of() - of one column. The value itself is always inside.
 */
struct interval interval_of(const struct field *field, const struct estimated *of);

/**
 * interval_unseen_bytes() - at most so many bytes are allocated, with 95 %, where no sample is taken.
 */
int64_t interval_unseen_bytes(uint64_t sample_bytes);

/**
 * interval_of_change() - of last - first.
 * @is_one_process: what was there at the first moment and is still there takes no part in the change. What is
 * live may be from before although as much was freed since: then the limits are those of two processes.
 */
struct interval interval_of_change(const struct field *field, const struct estimated *first,
				   const struct estimated *last, bool is_one_process);

#endif
