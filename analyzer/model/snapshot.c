/* SPDX-License-Identifier: Apache-2.0 */
/*
 * snapshot.c - loads a trace file or snapshot: the steps in their order, and what they share.
 */
#include "model/snapshot.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/pages.h"
#include "model/input.h"
#include "model/load.h"

/* Memory that lives as long as the snapshot; the bytes follow. */
struct kept {
	struct kept *next;
	uint64_t bytes; /* with this */
};

void *load_keep(struct load *load, uint64_t count, size_t size)
{
	uint64_t bytes;
	struct kept *kept;

	if (__builtin_mul_overflow(count, size, &bytes) ||
	    __builtin_add_overflow(bytes, sizeof(*kept), &bytes))
		bytes = UINT64_MAX;
	kept = reader_alloc(&load->reader, bytes, 1);
	if (kept == NULL)
		return NULL;
	kept->bytes = bytes;
	kept->next = load->snapshot->storage;
	load->snapshot->storage = kept;
	return kept + 1;
}

int load_string(struct load *load, uint32_t offset, const char **text)
{
	*text = "";
	if (offset < load->string_bytes &&
	    memchr(load->strings + offset, '\0', load->string_bytes - offset) != NULL)
		*text = load->strings + offset;
	else if (offset != 0 && !load->reader.is_live)
		return reader_refuse(&load->reader,
				     "damaged: no text at %u of %zu bytes of strings", offset,
				     load->string_bytes);
	return 0;
}

const char *load_text(struct load *load, const char *field, size_t bytes)
{
	size_t used = strnlen(field, bytes);
	char *text = load_keep(load, used + 1, 1);

	for (size_t i = 0; text != NULL && i < used; i++)
		text[i] = (unsigned char)field[i] < ' ' || field[i] == 0x7f ? '?' : field[i];
	return text;
}

static int load_strings(struct load *load)
{
	struct reader_layout layout;
	char *strings;
	int result = reader_layout(&load->reader, MT_SECTION_STRINGS, 1, &layout);

	if (result < 0)
		return result;
	if (layout.count > 0 && layout.entry_size != 1)
		return reader_refuse(&load->reader, "damaged: strings of %zu-byte entries",
				     layout.entry_size);
	strings = load_keep(load, layout.count + 1, 1);
	if (strings == NULL)
		return -EBADMSG;
	load->strings = strings;
	load->string_bytes = layout.count;
	return reader_read(&load->reader, &layout, 0, layout.count, (unsigned char *)strings);
}

/* In this order in the file's own chain of references: what refers before what is referred to. */
static int load_tables(struct load *load)
{
	struct {
		uint16_t type;
		size_t entry_size_min;
		struct reader_table *table;
	} const order[] = {
		{MT_SECTION_SITES, sizeof(struct mt_site), &load->sites},
		{MT_SECTION_INVALID, sizeof(struct mt_invalid), &load->invalid},
		{MT_SECTION_NODES, sizeof(struct mt_node), &load->nodes},
		{MT_SECTION_LOCATIONS, sizeof(uint64_t), &load->locations},
		{MT_SECTION_MODULES, sizeof(struct mt_module), &load->modules},
		{MT_SECTION_THREAD_KINDS, sizeof(struct mt_thread_kind), &load->thread_kinds},
	};
	int result = 0;

	for (size_t i = 0; result == 0 && i < sizeof(order) / sizeof(order[0]); i++)
		result = reader_table(&load->reader, order[i].type, order[i].entry_size_min,
				      order[i].table);
	return result;
}

static int load_side(struct load *load)
{
	int result =
		reader_table(&load->reader, MT_SECTION_SIDE, sizeof(struct mt_side), &load->side);

	if (result < 0)
		return result;
	load->side_seen = reader_alloc(&load->reader, load->side.count, 1);
	return load->side_seen != NULL ? 0 : -EBADMSG;
}

/*
 * The process record twice: its state decides how counters are read, its peak belongs to what they say. The
 * second time after the shards: if they say that the process is below its peak, the number of that peak is out.
 */
static int (*const steps[])(struct load *load) = {
	load_columns, load_process,   load_state,   load_counters, load_tables,
	load_kinds,   load_locations, load_nodes,   load_invalid,  load_file_sites,
	load_groups,  load_reread,    load_side,    load_shards,   load_process,
	load_peak,    load_rss,	      load_samples, load_threads,  load_texts,
	load_strings, load_modules,   load_names,   load_sites,	   load_totals,
};

static void release(struct load *load)
{
	struct reader *reader = &load->reader;

	reader_free(reader, load->entries, load->entry_count, sizeof(*load->entries));
	reader_free(reader, load->entry_next, load->entry_count, sizeof(uint32_t));
	reader_free(reader, load->entry_first, load->entry_first_count, sizeof(uint32_t));
	reader_free(reader, load->side_seen, load->side.count, 1);
	reader_free(reader, load->location_of, load->location_count, sizeof(uint32_t));
	reader_free(reader, load->node_of, load->node_of_count, sizeof(uint32_t));
	reader_table_free(reader, &load->sites);
	reader_table_free(reader, &load->side);
	reader_table_free(reader, &load->nodes);
	reader_table_free(reader, &load->invalid);
	reader_table_free(reader, &load->locations);
	reader_table_free(reader, &load->modules);
	reader_table_free(reader, &load->thread_kinds);
	reader_close(reader);
}

int snapshot_load_input(const struct input *input, const char *name, bool is_running,
			struct snapshot **out, struct error *error)
{
	struct load load = {.is_running = is_running};
	int result = reader_open(&load.reader, input, name, error);

	*out = NULL;
	if (result < 0)
		return result;
	load.snapshot = calloc(1, sizeof(*load.snapshot));
	if (load.snapshot != NULL)
		load.snapshot->path = strdup(name);
	if (load.snapshot == NULL || load.snapshot->path == NULL)
		result = error_set(error, -ENOMEM, "%s: out of memory", name);
	else
		load.snapshot->header = load.reader.header;
	for (size_t i = 0; result == 0 && i < sizeof(steps) / sizeof(steps[0]); i++)
		result = steps[i](&load);
	release(&load);
	if (result == 0)
		*out = load.snapshot;
	else
		snapshot_free(load.snapshot);
	return result;
}

int snapshot_load(const char *path, struct snapshot **out, struct error *error)
{
	struct input input;
	int result = input_open(&input, path, error);

	*out = NULL;
	if (result < 0)
		return result;
	result = snapshot_load_input(&input, path, false, out, error);
	input_close(&input);
	return result;
}

const struct estimate *snapshot_estimate(const struct snapshot *snapshot, const struct site *site)
{
	return snapshot->estimates == NULL ? NULL : &snapshot->estimates[site - snapshot->sites];
}

void snapshot_free(struct snapshot *snapshot)
{
	struct kept *kept, *next;

	if (snapshot == NULL)
		return;
	for (kept = snapshot->storage; kept != NULL; kept = next) {
		next = kept->next;
		pages_free(kept, kept->bytes);
	}
	free(snapshot->path);
	free(snapshot);
}
