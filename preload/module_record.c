/* SPDX-License-Identifier: Apache-2.0 */
/*
 * module_record.c - writes struct mt_module and finds an equal one written before.
 */
#include "module_record.h"

#include <string.h>

#include "memtrace/atomic.h"
#include "os.h"
#include "text.h"
#include "trace_file.h"

static uint32_t load_count;

static uint64_t elapsed_ns(void)
{
	return os_monotonic_ns() - trace_file.header->start_monotonic_ns;
}

static bool is_same_path(uint32_t string, const char *path)
{
	const char *known = string == 0 ? "" : trace_file_entry(TRACE_STRINGS, string);

	return known && text_equal(known, path);
}

static bool is_same(const struct mt_module *module, const struct module_image *image,
		    const char *path)
{
	/* partner: fill(), which writes it last */
	if (mt_load_acquire(&module->end) != image->end || module->start != image->start ||
	    module->bias != image->bias || module->build_id_bytes != image->build_id_bytes)
		return false;
	return memcmp(module->build_id, image->build_id, image->build_id_bytes) == 0 &&
	       is_same_path(module->path, path);
}

static uint32_t find_same(const struct module_image *image, const char *path)
{
	uint32_t count = trace_file_count(TRACE_MODULES), id;

	for (id = 1; id < count; id++) {
		struct mt_module *module = trace_file_entry(TRACE_MODULES, id);

		if (module && is_same(module, image, path)) {
			mt_store_relaxed(&module->unload_ns, 0);
			return id;
		}
	}
	return MT_MODULE_NONE;
}

static void fill(struct mt_module *module, const struct module_image *image, const char *path,
		 uint32_t flags)
{
	module->bias = image->bias;
	module->path = trace_file_string(path);
	module->generation = mt_add_relaxed(&load_count, 1);
	module->load_ns = elapsed_ns();
	module->flags = flags;
	memcpy(module->build_id, image->build_id, sizeof(module->build_id));
	module->build_id_bytes = image->build_id_bytes;
	module->start = image->start;
	/* last: until then it equals no module */
	mt_store_release(&module->end, image->end);
}

uint32_t module_record_write(const struct module_image *image, const char *path, uint32_t flags)
{
	uint32_t id = find_same(image, path);

	if (id != MT_MODULE_NONE)
		return id;
	id = trace_file_claim(TRACE_MODULES, 1);
	if (id == 0 || id >= MT_MODULE_PSEUDO) {
		trace_file_drop(MT_DROP_MODULES);
		return MT_MODULE_NONE;
	}
	fill(trace_file_entry(TRACE_MODULES, id), image, path, flags);
	return id;
}

void module_record_close(uint32_t record)
{
	struct mt_module *module = trace_file_entry(TRACE_MODULES, record);

	if (module)
		mt_store_relaxed(&module->unload_ns, elapsed_ns());
}
