/* SPDX-License-Identifier: Apache-2.0 */
/*
 * gamma.c - the incomplete gamma function and its inverse.
 *
 * Below shape + 1 the power series is summed, above it the continued fraction; both are in Abramowitz and Stegun,
 * 6.5. The inverse starts from the cube of a normal quantile (Wilson and Hilferty, 1931), which is
 * all that is needed for large shapes, and goes on with Newton's method inside a bracket.
 */
#include "base/gamma.h"

#include <math.h>

#define LARGE_SHAPE 500.0
#define TERM_MAX 1000
#define STEP_MAX 100
#define PRECISION 1e-12

static double power_series(double shape, double x)
{
	double term = 1 / shape, sum = term;

	for (int i = 1; i < TERM_MAX && term > sum * PRECISION; i++) {
		term *= x / (shape + i);
		sum += term;
	}
	return sum * exp(shape * log(x) - x - lgamma(shape));
}

/* Of the part above x, from the innermost fraction outwards. */
static double continued_fraction(double shape, double x)
{
	double tail = 0;

	for (int i = 200; i > 0; i--)
		tail = i * (i - shape) / (x + 2 * i + 1 - shape - tail);
	return exp(shape * log(x) - x - lgamma(shape)) / (x + 1 - shape - tail);
}

double gamma_part(double shape, double x)
{
	if (x <= 0)
		return 0;
	return x < shape + 1 ? power_series(shape, x) : 1 - continued_fraction(shape, x);
}

static double first_guess(double shape, double part, double normal)
{
	double spread = 1 / (9 * shape), root = 1 - spread + normal * sqrt(spread);

	/* of small shapes the lower end is a power */
	if (shape < 1.5 || root <= 0.1)
		return exp((log(part) + lgamma(shape + 1)) / shape);
	return shape * root * root * root;
}

double gamma_quantile(double shape, double part, double normal)
{
	double low = 0, high = INFINITY, x;

	if (shape <= 0)
		return 0;
	x = first_guess(shape, part, normal);
	for (int i = 0; shape < LARGE_SHAPE && i < STEP_MAX; i++) {
		double off = gamma_part(shape, x) - part;
		double slope = exp((shape - 1) * log(x) - x - lgamma(shape));
		double next = x - off / slope;

		if (off > 0)
			high = x;
		else
			low = x;
		if (!(next > low && next < high))
			next = isinf(high) ? 2 * x : (low + high) / 2;
		if (fabs(next - x) <= 1e-7 * x)
			return next;
		x = next;
	}
	return x;
}
