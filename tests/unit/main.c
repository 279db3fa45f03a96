/* SPDX-License-Identifier: Apache-2.0 */
/*
 * main.c - runs the suite of a unit test program; CK_TAP_LOG_FILE_NAME=- gives TAP and nothing else.
 */
#include <stdlib.h>

#include "unit.h"

int main(void)
{
	SRunner *runner = srunner_create(unit_suite());
	int failed_count;

	srunner_run_all(runner, getenv("CK_TAP_LOG_FILE_NAME") != NULL ? CK_SILENT : CK_ENV);
	failed_count = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed_count == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
