/* SPDX-License-Identifier: Apache-2.0 */
/*
 * snapshot_write.c - squeezes what was loaded into a new snapshot file.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/checksum.h"
#include "base/pages.h"
#include "model/pack.h"

static uint32_t process_state(enum snapshot_state state)
{
	static const uint32_t states[] = {
		[SNAPSHOT_RUNNING] = MT_STATE_RUNNING,
		[SNAPSHOT_EXITED] = MT_STATE_EXITED,
		[SNAPSHOT_EXECED] = MT_STATE_EXECED,
		[SNAPSHOT_KILLED] = MT_STATE_KILLED,
	};

	return states[state];
}

static void pack_process(struct pack *pack)
{
	const struct snapshot *snapshot = pack->snapshot;
	struct mt_process process = snapshot->process;

	process.live_root = 0;
	process.live_root_bytes = 0;
	process.state = process_state(snapshot->state);
	process.executable = pack_string(pack, snapshot->executable);
	process.working_directory = pack_string(pack, snapshot->working_directory);
	process.command_line = pack_string(pack, snapshot->command_line);
	process.allocator = pack_string(pack, snapshot->allocator);
	memset(process.totals, 0, sizeof(process.totals));
	memcpy(process.totals, snapshot->totals, sizeof(snapshot->totals));
	memset(process.reserved, 0, sizeof(process.reserved));
	pack_add(pack, MT_SECTION_PROCESS, &process, sizeof(process));
}

struct head {
	struct mt_header header;
	struct mt_section sections[MT_SECTION_TYPE_COUNT];
};

static void fill_header(struct mt_header *header, const struct pack *pack, uint32_t label)
{
	*header = pack->snapshot->header;
	memcpy(header->magic, MT_MAGIC, sizeof(header->magic));
	header->major = MT_MAJOR;
	header->minor = MT_MINOR;
	header->endian = MT_ENDIAN_MARK;
	header->header_size = sizeof(*header);
	header->kind = MT_KIND_SNAPSHOT;
	header->section_count = 0;
	header->section_entry_size = sizeof(struct mt_section);
	header->file_bytes = pack->file_bytes;
	header->taken_ns = pack->snapshot->taken_ns;
	header->label = label;
	header->control = 0;
	header->control_done = 0;
	memset(header->requests, 0, sizeof(header->requests));
	header->header_crc = 0;
	memset(header->reserved, 0, sizeof(header->reserved));
}

static void write_head(const struct pack *pack, uint32_t label)
{
	struct head head = {0};
	struct mt_header *header = &head.header;

	fill_header(header, pack, label);
	for (uint16_t type = 0; type < MT_SECTION_TYPE_COUNT; type++) {
		const struct pack_section *section = &pack->sections[type];

		if (section->entry_size == 0)
			continue;
		head.sections[header->section_count++] = (struct mt_section){
			.type = type,
			.entry_size = section->entry_size,
			.offset = section->offset,
			.length = section->bytes,
			.count = section->bytes / section->entry_size,
			.crc = section->crc,
		};
	}
	header->header_crc = checksum_crc32c(0, header, sizeof(*header));
	header->header_crc = checksum_crc32c(header->header_crc, head.sections,
					     header->section_count * sizeof(struct mt_section));
	new_file_write(pack->file, 0, &head, sizeof(head));
}

static bool has_failed(const struct pack *pack)
{
	for (size_t type = 0; type < MT_SECTION_TYPE_COUNT; type++) {
		if (pack->sections[type].buffer.has_failed)
			return true;
	}
	return pack->sections[MT_SECTION_STRINGS].bytes > UINT32_MAX;
}

static void pack_fini(struct pack *pack)
{
	for (size_t type = 0; type < MT_SECTION_TYPE_COUNT; type++)
		buffer_fini(&pack->sections[type].buffer);
	pages_free(pack->node_ids, (pack->snapshot->node_count + 1) * sizeof(uint32_t));
	free(pack->location_ids);
	free(pack->module_ids);
}

/* The head comes last: it has the checksums. Returns -ENOMEM or 0; the file remembers its own failures. */
static int write_all(struct pack *pack, const char *label)
{
	uint32_t label_offset = pack_string(pack, label);
	int result = pack_stacks(pack);

	if (result < 0)
		return result;
	pack_sites(pack);
	pack_records(pack);
	pack_process(pack);
	if (has_failed(pack))
		return -ENOMEM;
	pack_finish(pack);
	write_head(pack, label_offset);
	return 0;
}

int snapshot_write(const struct snapshot *snapshot, const char *path, const char *label,
		   struct error *error)
{
	struct new_file file;
	struct pack pack = {.snapshot = snapshot, .file = &file, .file_bytes = sizeof(struct head)};
	int result = new_file_open(&file, path, error);

	if (result < 0)
		return result;
	if (write_all(&pack, label != NULL ? label : snapshot->label) == 0) {
		result = new_file_close(&file, error);
	} else {
		new_file_abandon(&file);
		result = error_set(error, -ENOMEM, "%s: out of memory", path);
	}
	pack_fini(&pack);
	return result;
}
