/* SPDX-License-Identifier: Apache-2.0 */
/*
 * gamma.h - quantiles of the gamma distribution of scale 1.
 */
#ifndef BASE_GAMMA_H
#define BASE_GAMMA_H

/**
 * gamma_part() - probability of a value of at most x >= 0; shape > 0.
 */
double gamma_part(double shape, double x);

/**
 * gamma_quantile() - the value that is not exceeded with this probability, within 0.01 %; 0 for shape 0.
 * @part: between 0.001 and 0.999.
 * @normal: the same quantile of the standard normal distribution.
 */
double gamma_quantile(double shape, double part, double normal);

#endif
