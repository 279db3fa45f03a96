/* SPDX-License-Identifier: Apache-2.0 */
/*
 * snapshot_case.h - loads images in memory and compares the result with the example.
 */
#ifndef UNIT_SNAPSHOT_CASE_H
#define UNIT_SNAPSHOT_CASE_H

#include "file_builder.h"
#include "model/input.h"
#include "model/snapshot.h"

/**
 * case_input() - the bytes as a file; close with input_close().
 */
struct input case_input(const unsigned char *image, size_t bytes);

/**
 * case_load() - load an image.
 *
 * Return: what snapshot_load_input() returns.
 */
int case_load(const unsigned char *image, size_t bytes, struct snapshot **out, struct error *error);

/**
 * case_load_builder() - load what a builder makes, which is then finished.
 */
int case_load_builder(struct file_builder *builder, struct snapshot **out, struct error *error);

/**
 * case_refuse() - the builder's file must be refused with a line that contains text.
 */
void case_refuse(struct file_builder *builder, const char *text);

/**
 * case_site() - the site whose innermost frame is offset in a module (by path), called from outer_offset
 * or, if 0, directly from the thread. Fails the test if it is not there.
 */
const struct site *case_site(const struct snapshot *snapshot, const char *path, uint64_t offset,
			     uint64_t outer_offset);

/**
 * case_check_example() - everything in a snapshot is as example.h says.
 */
void case_check_example(const struct snapshot *snapshot);

#endif
