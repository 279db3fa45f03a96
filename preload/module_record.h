/* SPDX-License-Identifier: Apache-2.0 */
/*
 * module_record.h - records of modules in the trace file.
 */
#ifndef PRELOAD_MODULE_RECORD_H
#define PRELOAD_MODULE_RECORD_H

#include <stdbool.h>
#include <stdint.h>

#include "module_image.h"

/**
 * module_record_write() - the record of a module that has just been loaded.
 *
 * The same file at the same addresses gets the record again that it had before.
 *
 * Return: its index; MT_MODULE_NONE when there is no room, which is counted.
 */
uint32_t module_record_write(const struct module_image *image, const char *path, uint32_t flags);

/**
 * module_record_close() - note that the module has been unloaded by now.
 */
void module_record_close(uint32_t record);

#endif
