/* SPDX-License-Identifier: Apache-2.0 */
/*
 * exec_state.h - whether a process that ended without exit() went on as another program.
 */
#ifndef MODEL_EXEC_STATE_H
#define MODEL_EXEC_STATE_H

#include <stdbool.h>

#include "memtrace/format.h"

/**
 * exec_state_was_replaced() - look for a later trace file of the same process.
 * @path: of the trace file; the files of later images lie in PATH.d, or beside it in such a folder.
 *
 * The tracer itself is not told of exec: the new image only knows that it has to take another file.
 */
bool exec_state_was_replaced(const char *path, const struct mt_header *header);

#endif
