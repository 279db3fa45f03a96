/* SPDX-License-Identifier: Apache-2.0 */
/*
 * number_text.h - numbers and columns as people read them.
 */
#ifndef RENDER_NUMBER_TEXT_H
#define RENDER_NUMBER_TEXT_H

#include <stdint.h>

#include "model/field.h"

struct number_text {
	char text[40];
};

/**
 * number_text() - "312,000".
 */
struct number_text number_text(int64_t number);

/**
 * number_text_field() - a value in the unit of its column: "512 KiB", "1024", "12.5%".
 */
struct number_text number_text_field(const struct field *field, int64_t value);

/**
 * number_text_change() - the same with a sign in front, "+0" for nothing.
 */
struct number_text number_text_change(const struct field *field, int64_t value);

#endif
