/* SPDX-License-Identifier: Apache-2.0 */
/*
 * module_table.c - slots of modules, each with a version word, searched one by one.
 *
 * A search is rare: what it finds is remembered per address. A slot is written by whoever moved its version
 * from FREE to WRITING by CAS; readers copy it and look at the version again. A retired slot is used for
 * the next new module, so that loading and unloading in a loop takes no memory.
 */
#include "module_table.h"

#include <stddef.h>

#include "arena.h"
#include "module_image.h"
#include "module_loader.h"
#include "module_record.h"

#define SEGMENT_SLOTS 64u
#define SEGMENT_MAX 1024u

enum slot_state {
	SLOT_FREE,
	SLOT_WRITING,
	SLOT_LIVE,
	SLOT_STATE_MASK = 3,
	SLOT_VERSION_STEP = 4,
};

/* record: not asked for yet. */
#define RECORD_UNKNOWN UINT32_MAX

/* Read while another thread may write it, word by word; the version says whether it did. */
union slot_info {
	struct module_info info;
	uint64_t words[sizeof(struct module_info) / sizeof(uint64_t)];
};

#define SLOT_WORDS (sizeof(((union slot_info *)0)->words) / sizeof(uint64_t))
_Static_assert(sizeof(struct module_info) % sizeof(uint64_t) == 0, "words");

struct module_slot {
	uint32_t version; /* enum slot_state in the low bits, a count above */
	uint32_t record;  /* index in the trace file, MT_MODULE_NONE or RECORD_UNKNOWN */
	union slot_info said;
	struct loader_module loaded;
	struct module_image image;
} __attribute__((aligned(64)));

uint32_t module_table_is_stale;
uint32_t module_table_generation_count;

static struct module_slot first_segment[SEGMENT_SLOTS];
static struct module_slot *segments[SEGMENT_MAX] = {first_segment};
static uint32_t slot_count;
/* Lowest and highest address that was found to belong to no module. */
static uint64_t unknown_low = UINT64_MAX, unknown_high;

static struct module_slot *slot_at(uint32_t index)
{
	struct module_slot *segment = mt_load_acquire(&segments[index / SEGMENT_SLOTS]);

	return segment ? &segment[index % SEGMENT_SLOTS] : NULL;
}

static struct module_slot *slot_make(uint32_t index)
{
	struct module_slot **segment = &segments[index / SEGMENT_SLOTS], *expected = NULL, *made;

	if (!mt_load_acquire(segment)) {
		made = arena_alloc(SEGMENT_SLOTS * sizeof(*made));
		if (made)
			(void)mt_cas_acq_rel(segment, &expected, made);
	}
	return slot_at(index);
}

static bool slot_is_live(uint32_t version)
{
	return (version & SLOT_STATE_MASK) == SLOT_LIVE;
}

/* Copies what a slot says; false when it says nothing or changes meanwhile. */
static bool slot_read(struct module_slot *slot, struct module_info *info)
{
	uint32_t version = mt_load_acquire(&slot->version);
	union slot_info copy;

	if (!slot_is_live(version))
		return false;
	for (size_t i = 0; i < SLOT_WORDS; i++)
		copy.words[i] = mt_load_relaxed(&slot->said.words[i]);
	*info = copy.info;
	mt_fence_acquire();
	return mt_load_relaxed(&slot->version) == version;
}

static bool slot_holds(struct module_slot *slot, uint64_t pc)
{
	uint64_t start = mt_load_relaxed(&slot->said.info.start);

	return pc - start < mt_load_relaxed(&slot->said.info.end) - start;
}

static bool find_known(uint64_t pc, struct module_info *info)
{
	uint32_t count = mt_load_acquire(&slot_count), i;

	for (i = 0; i < count; i++) {
		struct module_slot *slot = slot_at(i);

		if (slot && slot_holds(slot, pc) && slot_read(slot, info) &&
		    pc - info->start < info->end - info->start)
			return true;
	}
	return false;
}

/* A free slot, now ours to write; NULL when there is none. */
static struct module_slot *slot_claim(uint32_t *index)
{
	uint32_t count = mt_load_acquire(&slot_count), i;
	struct module_slot *slot;

	for (i = 0; i < SEGMENT_SLOTS * SEGMENT_MAX; i++) {
		uint32_t version;

		slot = slot_make(i);
		if (!slot)
			return NULL;
		version = mt_load_relaxed(&slot->version);
		if ((version & SLOT_STATE_MASK) != SLOT_FREE ||
		    !mt_cas_acq_rel(&slot->version, &version, (version | SLOT_WRITING)))
			continue;
		while (count < i + 1 && !mt_cas_acq_rel(&slot_count, &count, i + 1))
			continue;
		*index = i;
		return slot;
	}
	return NULL;
}

/* version is that of the slot while it was live. */
static bool slot_retire(struct module_slot *slot, uint32_t version)
{
	return mt_cas_acq_rel(&slot->version, &version,
			      (version & ~(uint32_t)SLOT_STATE_MASK) + SLOT_VERSION_STEP);
}

static void raise_generation(void)
{
	(void)mt_fetch_add_acq_rel(&module_table_generation_count, 1);
}

static void describe(const struct loader_module *loaded, struct module_image *image)
{
	const Elf64_Phdr *headers;
	unsigned count;

	headers = module_loader_headers(loaded, &count);
	if (headers && module_image_read(headers, count, loaded->bias, image))
		return;
	*image = (struct module_image){
		.start = loaded->start,
		.end = loaded->end,
		.bias = loaded->bias,
		.text_start = loaded->start,
		.text_end = loaded->end,
	};
}

static void slot_fill(struct module_slot *slot, uint32_t index, uint32_t version,
		      const struct loader_module *loaded)
{
	struct module_image *image = &slot->image;
	union slot_info said;

	describe(loaded, image);
	slot->loaded = *loaded;
	said.info = (struct module_info){
		.start = image->start,
		.end = image->end,
		.bias = image->bias,
		.text_start = image->text_start,
		.text_end = image->text_end,
		.data_start = image->data_start,
		.data_end = image->data_end,
		.eh_frame_hdr = image->eh_frame_hdr,
		.slot = index,
		.version = version,
	};
	for (size_t i = 0; i < SLOT_WORDS; i++)
		mt_store_relaxed(&slot->said.words[i], said.words[i]);
	slot->record = RECORD_UNKNOWN;
}

/* Another thread may have entered the same module at the same time: the lower slot stays. */
static bool is_twin(const struct module_info *info)
{
	struct module_info other;
	uint32_t i;

	for (i = 0; i < info->slot; i++) {
		struct module_slot *slot = slot_at(i);

		if (slot && slot_holds(slot, info->start) && slot_read(slot, &other) &&
		    other.start == info->start)
			return true;
	}
	return false;
}

static bool add_module(uint64_t pc, struct module_info *info)
{
	struct loader_module loaded;
	struct module_slot *slot;
	uint32_t index, version;

	if (!module_loader_find(pc, &loaded))
		return false;
	slot = slot_claim(&index);
	if (!slot)
		return false;
	version = (mt_load_relaxed(&slot->version) & ~(uint32_t)SLOT_STATE_MASK) | SLOT_LIVE;
	slot_fill(slot, index, version, &loaded);
	*info = slot->said.info;
	mt_store_release(&slot->version, version); /* with slot_read() */
	if (is_twin(info) && slot_retire(slot, version))
		return find_known(pc, info);
	/* what was remembered of these addresses was that nobody knows them */
	if (mt_load_relaxed(&unknown_low) < info->end &&
	    mt_load_relaxed(&unknown_high) >= info->start)
		raise_generation();
	return true;
}

static void note_unknown(uint64_t pc)
{
	uint64_t low = mt_load_relaxed(&unknown_low), high = mt_load_relaxed(&unknown_high);

	while (pc < low && !mt_cas_relaxed(&unknown_low, &low, pc))
		continue;
	while (pc > high && !mt_cas_relaxed(&unknown_high, &high, pc))
		continue;
}

void module_table_init(void)
{
	module_loader_init();
}

bool module_table_find(uint64_t pc, struct module_info *info)
{
	if (find_known(pc, info) || add_module(pc, info))
		return true;
	note_unknown(pc);
	return false;
}

static uint32_t record_flags(const struct loader_module *loaded)
{
	uint64_t own = (uint64_t)(uintptr_t)record_flags;

	return (module_loader_is_main(loaded) ? MT_MODULE_MAIN : 0) |
	       (own >= loaded->start && own < loaded->end ? MT_MODULE_SELF : 0);
}

uint32_t module_table_record(const struct module_info *info)
{
	struct module_slot *slot = slot_at(info->slot);
	uint32_t record = mt_load_acquire(&slot->record), written;

	if (mt_load_relaxed(&slot->version) != info->version)
		return MT_MODULE_NONE;
	if (record != RECORD_UNKNOWN)
		return record;
	written = module_record_write(&slot->image, slot->loaded.path, record_flags(&slot->loaded));
	return mt_cas_acq_rel(&slot->record, &record, written) ? written : record;
}

void module_table_note_unload(void)
{
	mt_store_relaxed(&module_table_is_stale, 1);
	module_table_refresh();
}

void module_table_refresh(void)
{
	uint32_t count, i, retired = 0;

	/* before the comparison: whatever is unloaded during it sets the flag again */
	if (mt_exchange_acq_rel(&module_table_is_stale, 0) == 0)
		return;
	count = mt_load_acquire(&slot_count);
	for (i = 0; i < count; i++) {
		struct module_slot *slot = slot_at(i);
		uint32_t version = slot ? mt_load_acquire(&slot->version) : 0;
		uint32_t record;

		if (!slot_is_live(version) || module_loader_is_loaded(&slot->loaded))
			continue;
		record = mt_load_relaxed(&slot->record);
		if (!slot_retire(slot, version))
			continue;
		retired++;
		if (record != MT_MODULE_NONE && record != RECORD_UNKNOWN)
			module_record_close(record);
	}
	if (retired > 0)
		raise_generation();
}
