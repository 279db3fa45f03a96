/* SPDX-License-Identifier: Apache-2.0 */
/*
 * interval.c - limits of estimates, of ratios of two and of differences.
 */
#include "model/interval.h"

#include <math.h>

#include "base/gamma.h"

#define LOWER 0.025
#define UPPER 0.975
#define NORMAL 1.959964
/* So many events are expected at most, with 97.5 %, where none was seen: exp(-x) / 2 = 0.025. */
#define EVENTS_UNSEEN 2.995732

/* An estimate of one figure. */
struct sum {
	double value, recorded, variance, blocks;
	double unseen_scale; /* what an event would stand for if there were one */
};

struct limits {
	double value, low, high;
};

static struct limits limits_of_sum(const struct sum *sum)
{
	double unseen = sum->value - sum->recorded;
	double scale, step, events, part, lower;

	if (!(sum->variance > 0 && unseen > 0 && sum->blocks > 0))
		return (struct limits){sum->value, sum->value,
				       sum->value + EVENTS_UNSEEN * sum->unseen_scale};
	scale = sum->variance / unseen;
	/* what one recorded block stands for besides itself: at least half, for no weight is below 2 */
	step = fmax(scale - sum->recorded / sum->blocks, scale / 2);
	events = unseen / step;
	part = step / scale;
	lower = events <= 1 ? 0 : fmin(events + 0.5 - 1.2 / events, 1.9 * (events - 1));
	return (struct limits){
		sum->value,
		fmin(sum->value,
		     sum->recorded + scale * gamma_quantile(lower * part, LOWER, -NORMAL)),
		fmax(sum->value,
		     sum->recorded + scale * gamma_quantile((events + 0.5) * part, UPPER, NORMAL)),
	};
}

static struct sum sum_of_part(const struct field *field, double value,
			      const struct estimate_part *part)
{
	if (field->unit == FIELD_BYTES)
		return (struct sum){value, part->bytes, part->byte_variance, part->blocks, 0};
	return (struct sum){value, part->blocks, part->block_variance, part->blocks, 0};
}

static double value_of(const struct field *field, const struct estimated *of)
{
	return (double)field_value(field, of->figures);
}

/*
 * A part of all blocks, of which it is not known which samples belong to it: taken for an average part of
 * them. base: all blocks, whole: their figure.
 */
static struct sum sum_of_share(const struct field *field, double value, double whole,
			       const struct estimate_part *base)
{
	struct estimate_part share = {0};

	if (whole > 0 && value > 0)
		estimate_part_add(&share, base, fmin(value / whole, 1));
	return sum_of_part(field, value, &share);
}

static struct estimate_part all_blocks(const struct estimate *estimate)
{
	struct estimate_part all = estimate->parts[ESTIMATE_ALLOCATED];

	estimate_part_add(&all, &estimate->parts[ESTIMATE_INHERITED], 1);
	return all;
}

static double all_of(const struct field *field, const struct figures *figures)
{
	const struct counters *counters = &figures->counters;

	if (field->unit == FIELD_BYTES)
		return (double)counters->alloc_bytes + (double)counters->inherited_bytes;
	return (double)counters->alloc_count + (double)counters->inherited_blocks;
}

static struct sum sum_of(const struct field *field, const struct estimated *of)
{
	double value = value_of(field, of), whole = all_of(field, of->figures);
	struct estimate_part all = all_blocks(of->estimate);
	struct sum every = sum_of_part(field, whole, &all), sum;

	if (field->sampled == FIELD_SHARE || field->sampled == FIELD_PEAK)
		sum = sum_of_share(field, value, whole, &all);
	else
		sum = sum_of_part(field, value, &of->estimate->parts[field->sampled]);
	if (field->sampled == FIELD_OF_INHERITED)
		return sum;
	if (every.variance > 0 && whole > every.recorded)
		sum.unseen_scale = every.variance / (whole - every.recorded);
	else if (field->unit == FIELD_BYTES)
		sum.unseen_scale = of->estimate->escaped_bytes;
	else
		sum.unseen_scale = of->estimate->escaped_blocks;
	return sum;
}

/* Bytes of a block on the mean: the ratio of two estimates that rise and fall together. */
static struct limits limits_of_mean(const struct field *field, const struct estimated *of,
				    const struct estimate_part *part)
{
	double ratio = value_of(field, of);
	double divisor = (double)field_divisor(field, of->figures);
	double variance = part->byte_variance - 2 * ratio * part->covariance +
			  ratio * ratio * part->block_variance;
	double off = divisor > 0 && variance > 0 ? NORMAL * sqrt(variance) / divisor : 0;

	return (struct limits){ratio, fmax(ratio - off, 0), ratio + off};
}

/* A part of the recorded blocks, by E. B. Wilson's score interval. */
static struct limits limits_of_ratio(const struct field *field, const struct estimated *of,
				     const struct estimate_part *part)
{
	double value = value_of(field, of), one = (double)FIELD_RATIO_ONE;
	double ratio = value / one, count = part->blocks, square = NORMAL * NORMAL;
	double middle = (ratio + square / (2 * count)) / (1 + square / count);
	double off = NORMAL / (1 + square / count) *
		     sqrt(fmax(ratio * (1 - ratio), 0) / count + square / (4 * count * count));

	if (!(count > 0 && part->block_variance > 0))
		return (struct limits){value, value, value};
	return (struct limits){value, fmin(fmax(one * (middle - off), 0), value),
			       fmax(fmin(one * (middle + off), one), value)};
}

static struct limits limits_of(const struct field *field, const struct estimated *of)
{
	double value = value_of(field, of);
	struct sum sum;

	if (of->estimate == NULL || field->sampled == FIELD_NOT_SAMPLED)
		return (struct limits){value, value, value};
	if (field->divisor != FIELD_WHOLE && field->unit == FIELD_RATIO)
		return limits_of_ratio(field, of, &of->estimate->parts[field->sampled]);
	if (field->divisor != FIELD_WHOLE)
		return limits_of_mean(field, of, &of->estimate->parts[field->sampled]);
	sum = sum_of(field, of);
	return limits_of_sum(&sum);
}

static int64_t whole(double value)
{
	if (!(fabs(value) < 9e18))
		return value < 0 ? INT64_MIN : INT64_MAX;
	return (int64_t)llround(value);
}

/* The value may have more digits than the arithmetic: it is inside all the same. */
static struct interval interval_around(int64_t value, const struct limits *limits)
{
	int64_t low = whole(limits->low), high = whole(limits->high);

	return (struct interval){low < value && limits->low < limits->value ? low : value,
				 high > value && limits->high > limits->value ? high : value};
}

bool interval_has(const struct field *field)
{
	return field->sampled != FIELD_NOT_SAMPLED;
}

struct interval interval_of(const struct field *field, const struct estimated *of)
{
	struct limits limits = limits_of(field, of);

	return interval_around(field_value(field, of->figures), &limits);
}

int64_t interval_unseen_bytes(uint64_t sample_bytes)
{
	return whole(EVENTS_UNSEEN * (double)sample_bytes);
}

/* last - first of two that are independent of each other: their distances from the limits add up squared. */
static struct limits limits_between(const struct limits *first, const struct limits *last)
{
	double value = last->value - first->value;

	return (struct limits){
		value,
		value - hypot(last->value - last->low, first->high - first->value),
		value + hypot(last->high - last->value, first->value - first->low),
	};
}

static struct sum sum_without(const struct sum *sum, const struct sum *other, double factor)
{
	return (struct sum){
		sum->value - factor * other->value,
		fmax(sum->recorded - factor * other->recorded, 0),
		fmax(sum->variance - factor * other->variance, 0),
		fmax(sum->blocks - factor * other->blocks, 0),
		sum->unseen_scale,
	};
}

/*
 * Of what was live at first a part is gone: at most as much as was freed in between. The rest is the same in
 * both and cancels out.
 */
static struct limits limits_of_live_change(const struct sum *first, const struct sum *last,
					   double freed_variance)
{
	double gone = first->variance > 0 ? fmin(fmax(freed_variance, 0) / first->variance, 1) : 1;
	struct sum lost = sum_without(first, first, 1 - gone);
	struct sum rest = sum_without(last, first, 1 - gone);
	struct limits before = limits_of_sum(&lost), after = limits_of_sum(&rest);

	return limits_between(&before, &after);
}

static double freed_variance_of(const struct field *field, const struct estimate *estimate)
{
	const struct estimate_part *freed = &estimate->parts[ESTIMATE_FREED];

	return field->unit == FIELD_BYTES ? freed->byte_variance : freed->block_variance;
}

/* Of one process, both moments estimated. */
static struct limits limits_within(const struct field *field, const struct estimated *first,
				   const struct estimated *last)
{
	struct sum before = sum_of(field, first), after = sum_of(field, last);
	struct sum increment = sum_without(&after, &before, 1);

	if (field->sampled == FIELD_OF_LIVE)
		return limits_of_live_change(&before, &after,
					     freed_variance_of(field, last->estimate) -
						     freed_variance_of(field, first->estimate));
	/* what was allocated or freed in between is an estimate like any other */
	return limits_of_sum(&increment);
}

static struct limits limits_of_change(const struct field *field, const struct estimated *first,
				      const struct estimated *last, bool is_one_process)
{
	struct limits before = limits_of(field, first), after = limits_of(field, last);
	bool is_same = before.value == after.value &&
		       (field->sampled == FIELD_PEAK || field->sampled == FIELD_OF_INHERITED);

	if (is_one_process && is_same)
		return (struct limits){0, 0, 0};
	if (!is_one_process || first->estimate == NULL || last->estimate == NULL ||
	    field->sampled == FIELD_PEAK || field->divisor != FIELD_WHOLE)
		return limits_between(&before, &after);
	return limits_within(field, first, last);
}

struct interval interval_of_change(const struct field *field, const struct estimated *first,
				   const struct estimated *last, bool is_one_process)
{
	int64_t value = field_delta(field, first->figures, last->figures);
	struct limits limits = {(double)value, (double)value, (double)value};

	if (interval_has(field))
		limits = limits_of_change(field, first, last, is_one_process);
	return interval_around(value, &limits);
}
