/* SPDX-License-Identifier: Apache-2.0 */
/*
 * unit.h - what a unit test program provides: one suite, which main.c runs.
 */
#ifndef UNIT_UNIT_H
#define UNIT_UNIT_H

#include <check.h>

/**
 * unit_suite() - the tests of this program; defined by each check_<module>.c.
 */
Suite *unit_suite(void);

#endif
