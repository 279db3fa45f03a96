/* SPDX-License-Identifier: Apache-2.0 */
/*
 * unwind_second.c - gives libunwind the words of the stack and the unwind tables of known modules.
 */
#define _GNU_SOURCE
#include "unwind_second.h"

#include <dlfcn.h>

#include "libc_compat.h"
#include "module_table.h"
#include "unwind_libunwind.h"
#include "unwind_lookup.h"
#include "unwind_stack.h"

/* One walk. The cursor is there for the bounds of its stack only. */
struct second_walk {
	struct unwind_cursor cursor;
	uint64_t module_start, module_end; /* where the last word outside of the stack was read */
};

static unwind_libunwind_walk_function *walk_function;

bool unwind_second_open(const char *path)
{
	void *object = dlopen(path, RTLD_NOW | RTLD_LOCAL | RTLD_DEEPBIND);
	unwind_libunwind_init_function *init;

	if (!object)
		return false;
	*(void **)(void *)&init = dlsym(object, UNWIND_LIBUNWIND_INIT);
	*(void **)(void *)&walk_function = dlsym(object, UNWIND_LIBUNWIND_WALK);
	return init && walk_function && init();
}

static bool is_inside(uint64_t address, uint64_t start, uint64_t end)
{
	return address >= start && address < end && end - address >= 8;
}

static bool read_module(struct second_walk *walk, uint64_t address)
{
	struct module_info module;

	if (is_inside(address, walk->module_start, walk->module_end))
		return true;
	if (!module_table_find(address, &module))
		return false;
	walk->module_start = module.text_start;
	walk->module_end = module.text_end;
	if (is_inside(address, module.data_start, module.data_end)) {
		walk->module_start = module.data_start;
		walk->module_end = module.data_end;
	}
	return is_inside(address, walk->module_start, walk->module_end);
}

static bool read_memory(void *context, uint64_t address, uint64_t *out)
{
	struct second_walk *walk = context;

	if (unwind_stack_read(&walk->cursor, address, out))
		return true;
	if (!read_module(walk, address)) {
		/* what a signal interrupted may have been on another stack */
		struct unwind_cursor other = walk->cursor;

		if (!unwind_stack_enter(&other, address) ||
		    !unwind_stack_read(&other, address, out))
			return false;
		walk->cursor = other;
		return true;
	}
	__builtin_memcpy(out, (const void *)(uintptr_t)address, 8);
	return true;
}

static bool find_module(void *context, uint64_t pc, struct unwind_libunwind_module *out)
{
	struct module_info module;

	(void)context;
	if (!module_table_find(pc, &module) || module.data_start == module.data_end)
		return false;
	out->start = module.start;
	out->end = module.end;
	out->eh_frame_hdr = module.eh_frame_hdr;
	return true;
}

size_t unwind_second_walk(const struct unwind_regs *regs, struct unwind_bounds *bounds,
			  uint64_t *frames, size_t frame_max, enum unwind_status *status)
{
	struct second_walk walk = {0};
	struct unwind_libunwind_host host = {read_memory, find_module, &walk};

	unwind_begin(&walk.cursor, regs, bounds);
	return walk_function(regs, &host, frames, frame_max, status);
}

void unwind_second_frame(struct unwind_cursor *cursor, uint64_t frame_address)
{
	struct rules_hit hit;

	unwind_lookup(frame_address, cursor->generation, &hit);
	cursor->frame_address = rule_frame_address(hit.rule, frame_address);
	cursor->entry = hit.entry;
	cursor->rule = hit.rule;
	cursor->location = hit.location;
}
