/* SPDX-License-Identifier: Apache-2.0 */
/*
 * loader_object.c - looks the loader's function up once.
 */
#define _GNU_SOURCE
#include "loader_object.h"

#include <dlfcn.h>
#include <stddef.h>
#include <stdint.h>

#include "libc_compat.h"

static int (*find_object)(void *address, struct loader_object *result);

bool loader_object_init(void)
{
	if (!find_object)
		*(void **)(void *)&find_object = dlsym(RTLD_DEFAULT, "_dl_find_object");
	return find_object != NULL;
}

bool loader_object_find(const void *address, struct loader_object *out)
{
	return find_object != NULL && find_object((void *)(uintptr_t)address, out) == 0;
}
