/* SPDX-License-Identifier: Apache-2.0 */
/*
 * info.h - everything that one file says about its process, as text or as JSON.
 */
#ifndef RENDER_INFO_H
#define RENDER_INFO_H

#include <stdio.h>

#include "model/snapshot.h"
#include "render/info_sink.h"

/**
 * info_show() - hand everything to a sink, in the order in which it is to be read.
 */
void info_show(const struct snapshot *snapshot, const struct info_sink *sink, void *context);

/**
 * info_print_text() / info_print_json() - info_show() into one format.
 *
 * Return: 0 or -ENOMEM; what the stream itself could not take is told by ferror().
 */
int info_print_text(const struct snapshot *snapshot, FILE *out);
int info_print_json(const struct snapshot *snapshot, FILE *out);

#endif
