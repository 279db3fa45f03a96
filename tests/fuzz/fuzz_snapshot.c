/* SPDX-License-Identifier: Apache-2.0 */
/*
 * fuzz_snapshot.c - any bytes either load or are refused with one line, and what loads can be written,
 * loads again and is the same.
 *
 * A snapshot is tried twice: as it is, and with its checksums put right, so that mutations get past them. A trace
 * file too: as one that is left, and as that of a process that goes on, which is read in two passes.
 */
#define _GNU_SOURCE 1 /* memfd_create() */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "memtrace/crc32c.h"
#include "model/input.h"
#include "model/snapshot.h"

#define CHECK(condition)                                                                           \
	do {                                                                                       \
		if (!(condition)) {                                                                \
			(void)fprintf(stderr, "%s:%d: %s\n", __FILE__, __LINE__, #condition);      \
			abort();                                                                   \
		}                                                                                  \
	} while (0)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct snapshot *load(const uint8_t *data, size_t size, bool is_running)
{
	struct input input = {.fd = memfd_create("fuzz", MFD_CLOEXEC)};
	struct snapshot *snapshot = NULL;
	struct error error = {""};
	int result;

	CHECK(input.fd >= 0 && write(input.fd, data, size) == (ssize_t)size);
	result = snapshot_load_input(&input, "fuzz", is_running, &snapshot, &error);
	CHECK(result <= 0);
	CHECK((result == 0) == (snapshot != NULL));
	CHECK(result == 0 || (strncmp(error.text, "fuzz: ", 6) == 0 && !strchr(error.text, '\n')));
	input_close(&input);
	return snapshot;
}

/* Touches everything that a report would. */
static void check_contents(const struct snapshot *snapshot)
{
	size_t length = 0;
	int64_t live_bytes = 0;

	for (size_t i = 0; i < snapshot->module_count; i++)
		length += strlen(snapshot->modules[i].path);
	for (size_t i = 1; i < snapshot->location_count; i++) {
		const struct location *location = &snapshot->locations[i];

		CHECK(location->kind <= LOCATION_API);
		CHECK(location->module < snapshot->module_count);
		if (location->kind == LOCATION_THREAD)
			length += strlen(location->name);
	}
	for (size_t i = 1; i < snapshot->node_count; i++) {
		CHECK(snapshot->nodes[i].parent < i);
		CHECK(snapshot->nodes[i].location > 0);
		CHECK(snapshot->nodes[i].location < snapshot->location_count);
	}
	for (size_t i = 0; i < snapshot->site_count; i++) {
		const struct site *site = &snapshot->sites[i];

		CHECK(site->node > 0 && site->node < snapshot->node_count);
		CHECK(site->size_first + site->size_count <= snapshot->size_count);
		live_bytes += site->counters.live_bytes;
	}
	CHECK(live_bytes == snapshot->totals[MT_TOTAL_LIVE_BYTES]);
	for (size_t i = 0; i < snapshot->thread_count; i++)
		length += strlen(snapshot->threads[i].name) + strlen(snapshot->threads[i].kind);
	for (size_t i = 0; i < snapshot->message_count; i++)
		length += strlen(snapshot->messages[i].text);
	for (size_t i = 0; i < snapshot->mark_count; i++)
		length += strlen(snapshot->marks[i].text);
	length += strlen(snapshot->label) + strlen(snapshot->program) +
		  strlen(snapshot->executable) + strlen(snapshot->allocator);
	CHECK(length < SIZE_MAX);
}

/* What was written must load, with equal totals. */
static void check_rewrite(const struct snapshot *snapshot)
{
	struct snapshot *again = NULL;
	struct error error = {""};
	char path[64];

	(void)snprintf(path, sizeof(path), "/tmp/fuzz_snapshot.%d.snap", (int)getpid());
	(void)unlink(path);
	CHECK(snapshot_write(snapshot, path, NULL, &error) == 0);
	if (snapshot_load(path, &again, &error) != 0) {
		(void)fprintf(stderr, "%s\n", error.text);
		abort();
	}
	CHECK(again->site_count == snapshot->site_count);
	CHECK(memcmp(again->totals, snapshot->totals, sizeof(again->totals)) == 0);
	for (size_t i = 0; i < snapshot->site_count; i++)
		CHECK(memcmp(&again->sites[i].counters, &snapshot->sites[i].counters,
			     sizeof(struct counters)) == 0);
	snapshot_free(again);
	(void)unlink(path);
}

static void try_bytes(const uint8_t *data, size_t size, bool is_running)
{
	struct snapshot *snapshot = load(data, size, is_running);

	if (snapshot == NULL)
		return;
	check_contents(snapshot);
	check_rewrite(snapshot);
	snapshot_free(snapshot);
}

/* Puts the checksums right as far as header and table make sense. */
static void seal(uint8_t *data, size_t size)
{
	struct mt_header header;
	size_t table_bytes;

	memcpy(&header, data, sizeof(header));
	header.header_crc = 0;
	header.file_bytes = size;
	header.header_size = sizeof(header);
	header.section_entry_size = sizeof(struct mt_section);
	table_bytes = header.section_count * sizeof(struct mt_section);
	if (header.section_count > 1000 || sizeof(header) + table_bytes > size)
		return;
	for (uint32_t i = 0; i < header.section_count; i++) {
		uint8_t *at = data + sizeof(header) + i * sizeof(struct mt_section);
		struct mt_section section;

		memcpy(&section, at, sizeof(section));
		if (section.offset > size || section.length > size - section.offset)
			continue;
		section.crc = mt_crc32c(0, data + section.offset, section.length);
		memcpy(at, &section, sizeof(section));
	}
	memcpy(data, &header, sizeof(header));
	header.header_crc = mt_crc32c(0, data, sizeof(header) + table_bytes);
	memcpy(data, &header, sizeof(header));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct mt_header header;
	uint8_t *sealed;

	try_bytes(data, size, false);
	if (size < sizeof(header))
		return 0;
	memcpy(&header, data, sizeof(header));
	if (header.kind == MT_KIND_LIVE)
		try_bytes(data, size, true);
	if (header.kind != MT_KIND_SNAPSHOT)
		return 0;
	sealed = malloc(size);
	CHECK(sealed != NULL);
	memcpy(sealed, data, size);
	seal(sealed, size);
	try_bytes(sealed, size, false);
	free(sealed);
	return 0;
}
