/* SPDX-License-Identifier: Apache-2.0 */
/*
 * stack.c - walks from a site's node to the root and puts the frames of each location behind one
 * another.
 *
 * Frames of a location are asked for once per snapshot: most stacks share most of their locations.
 */
#include "model/stack.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/digest_map.h"
#include "model/wrappers.h"

/* No writer keeps deeper stacks; a damaged file must not make one take for ever. */
#define STACK_NODE_MAX 8192

struct place {
	struct frame_list list;
	size_t folded_count; /* wrappers at its inner end */
	bool is_known;
};

struct place_table {
	const struct snapshot *snapshot;
	struct place *places; /* by location */
};

struct stack_reader {
	struct symbolizer *symbolizer;
	const struct wrappers *wrappers;
	struct place_table *tables;
	size_t table_count;
	struct digest_map seen; /* places in code of all snapshots */
	struct stack_census census;
};

static const struct frame frame_of_nothing = {
	.function = "[no stack]",
	.module = "",
	.build_id = "",
};

int stack_reader_new(struct symbolizer *symbolizer, const struct wrappers *wrappers,
		     struct stack_reader **out)
{
	struct stack_reader *reader = calloc(1, sizeof(*reader));

	if (!reader)
		return -ENOMEM;
	reader->symbolizer = symbolizer;
	reader->wrappers = wrappers;
	*out = reader;
	return 0;
}

void stack_reader_free(struct stack_reader *reader)
{
	size_t i;

	if (!reader)
		return;
	for (i = 0; i < reader->table_count; i++)
		free(reader->tables[i].places);
	digest_map_fini(&reader->seen);
	free(reader->tables);
	free(reader);
}

struct stack_census stack_reader_census(const struct stack_reader *reader)
{
	return reader->census;
}

void stack_reader_expect(struct stack_reader *reader, const struct snapshot *snapshot)
{
	symbolize_all(reader->symbolizer, snapshot);
}

static struct place *reader_places(struct stack_reader *reader, const struct snapshot *snapshot)
{
	struct place_table *tables;
	struct place *places;
	size_t i;

	for (i = reader->table_count; i-- > 0;)
		if (reader->tables[i].snapshot == snapshot)
			return reader->tables[i].places;
	places = calloc(snapshot->location_count + 1, sizeof(*places));
	tables = realloc(reader->tables, (reader->table_count + 1) * sizeof(*tables));
	if (tables)
		reader->tables = tables;
	if (!places || !tables) {
		free(places);
		return NULL;
	}
	tables[reader->table_count++] = (struct place_table){snapshot, places};
	return places;
}

static bool is_own_code(const struct snapshot *snapshot, const struct location *location)
{
	return location->kind == LOCATION_CODE &&
	       snapshot->modules[location->module].flags & MT_MODULE_SELF;
}

static size_t count_folded(const struct stack_reader *reader, struct frame_list list)
{
	size_t count = 0;

	if (!reader->wrappers)
		return 0;
	while (count < list.count && wrappers_match(reader->wrappers, &list.frames[count]))
		count++;
	return count;
}

/* Counts a place once, in however many snapshots it is. Out of memory it is not counted. */
static void reader_count(struct stack_reader *reader, const struct snapshot *snapshot,
			 const struct location *location, struct frame_list list)
{
	const struct module *module = &snapshot->modules[location->module];
	struct digest key = digest_text((struct digest){location->offset, 0}, module->path);
	size_t i;

	for (i = 0; i < module->build_id_bytes; i++)
		key = digest_word(key, module->build_id[i]);
	if (digest_map_find(&reader->seen, key) != DIGEST_MAP_NONE ||
	    digest_map_put(&reader->seen, key, 0) != 0)
		return;
	reader->census.location_count++;
	reader->census.unresolved_count += list.count == 0 || !list.frames[list.count - 1].function;
}

static const struct place *reader_place(struct stack_reader *reader,
					const struct snapshot *snapshot, struct place *places,
					uint32_t index)
{
	const struct location *location = &snapshot->locations[index];
	struct place *place = &places[index];

	if (place->is_known)
		return place;
	place->is_known = true;
	if (location->kind == LOCATION_THREAD || is_own_code(snapshot, location))
		return place;
	place->list = symbolize_location(reader->symbolizer, snapshot, index);
	if (location->kind != LOCATION_CODE)
		return place;
	place->folded_count = count_folded(reader, place->list);
	reader_count(reader, snapshot, location, place->list);
	return place;
}

int stack_frames_of(struct stack_reader *reader, const struct snapshot *snapshot, uint32_t location,
		    struct frame_list *list)
{
	struct place *places = reader_places(reader, snapshot);

	if (!places)
		return -ENOMEM;
	*list = reader_place(reader, snapshot, places, location)->list;
	return 0;
}

static int stack_push(struct stack *stack, const struct frame *frame)
{
	if (stack->count == stack->capacity) {
		size_t capacity = stack->capacity ? stack->capacity * 2 : 64;
		const struct frame **frames =
			realloc(stack->frames, capacity * sizeof(*stack->frames));

		if (!frames)
			return -ENOMEM;
		stack->frames = frames;
		stack->capacity = capacity;
	}
	stack->frames[stack->count++] = frame;
	return 0;
}

/* What one step of the walk has to know of those before it. */
struct walk {
	bool is_folding;	    /* every frame so far was a wrapper */
	const struct frame *folded; /* the last of them */
};

static int stack_add(struct stack *stack, struct walk *walk, const struct place *place)
{
	size_t i = 0;

	if (walk->is_folding && place->list.count > 0) {
		i = place->folded_count;
		if (i > 0)
			walk->folded = &place->list.frames[i - 1];
		walk->is_folding = i == place->list.count;
	}
	for (; i < place->list.count; i++) {
		int status = stack_push(stack, &place->list.frames[i]);

		if (status)
			return status;
	}
	return 0;
}

/*
 * A stack of nothing but wrappers, or wrappers below a place where the stack ends, keeps the
 * outermost.
 */
static int stack_keep_folded(struct stack *stack, const struct frame *frame)
{
	int status = stack_push(stack, frame);

	if (status)
		return status;
	memmove(stack->frames + 1, stack->frames, (stack->count - 1) * sizeof(*stack->frames));
	stack->frames[0] = frame;
	return 0;
}

int stack_read(struct stack_reader *reader, const struct snapshot *snapshot, uint32_t node,
	       struct stack *stack)
{
	struct place *places = reader_places(reader, snapshot);
	struct walk walk = {.is_folding = true};
	bool has_code = false;
	size_t left = STACK_NODE_MAX;
	int status = 0;

	if (!places)
		return -ENOMEM;
	stack->count = 0;
	stack->thread = "";
	stack->is_truncated = false;
	for (; node && left-- > 0 && !status; node = snapshot->nodes[node].parent) {
		uint32_t index = snapshot->nodes[node].location;
		const struct location *location = &snapshot->locations[index];

		if (location->kind == LOCATION_THREAD)
			stack->thread = location->name;
		if (location->kind == LOCATION_TRUNCATED || location->kind == LOCATION_UNKNOWN)
			stack->is_truncated = true;
		status = stack_add(stack, &walk, reader_place(reader, snapshot, places, index));
		has_code |= location->kind == LOCATION_CODE && stack->count > 0;
	}
	stack->is_truncated |= node && !status;
	if (!status && walk.folded && !has_code)
		status = stack_keep_folded(stack, walk.folded);
	if (!status && stack->count == 0)
		status = stack_push(stack, &frame_of_nothing);
	return status;
}

void stack_fini(struct stack *stack)
{
	free(stack->frames);
	*stack = (struct stack){0};
}

const char *stack_thread(const struct snapshot *snapshot, uint32_t node)
{
	size_t left = STACK_NODE_MAX;
	uint32_t root = 0;

	for (; node && left-- > 0; node = snapshot->nodes[node].parent)
		root = node;
	if (root && snapshot->locations[snapshot->nodes[root].location].kind == LOCATION_THREAD)
		return snapshot->locations[snapshot->nodes[root].location].name;
	return "";
}
