/* SPDX-License-Identifier: Apache-2.0 */
/*
 * invalid_text.c - invalid frees for people: what was freed, and the stacks one under the other.
 */
#include <inttypes.h>

#include "render/invalid.h"
#include "render/number_text.h"
#include "render/place_text.h"

static void put_address(FILE *out, const struct invalid_call *call)
{
	(void)fprintf(out, "  0x%" PRIx64, call->address);
	switch (call->kind) {
	case MT_INVALID_FREED:
		(void)fprintf(out, " is a block of %s bytes that was freed before",
			      number_text((int64_t)call->block_bytes).text);
		break;
	case MT_INVALID_INSIDE:
	case MT_INVALID_INSIDE_FREED:
		(void)fprintf(out, " is %s bytes inside",
			      number_text((int64_t)invalid_offset(call)).text);
		(void)fprintf(out, " a block of %s bytes that %s",
			      number_text((int64_t)call->block_bytes).text,
			      call->kind == MT_INVALID_INSIDE ? "is live" : "was freed before");
		break;
	case MT_INVALID_FOREIGN:
		(void)fputs(" was never seen allocated, or was freed long ago", out);
		break;
	}
	(void)fputc('\n', out);
}

static int put_stack(FILE *out, const struct invalid_view *view, const struct snapshot *snapshot,
		     uint32_t node, const char *title)
{
	const struct row row = {.snapshot = snapshot};
	struct stack stack = {0};
	size_t shown;
	int status;

	if (node == 0)
		return 0;
	status = stack_read(view->reader, snapshot, node, &stack);
	shown = view->depth != 0 && view->depth < stack.count ? view->depth : stack.count;
	if (status == 0) {
		(void)fprintf(out, "  %s", title);
		place_put(out, stack.thread);
		(void)fputs(":\n", out);
	}
	for (size_t i = 0; status == 0 && i < shown; i++) {
		(void)fputs("      ", out);
		place_put_frame(out, &row, stack.frames[i]);
		(void)fputc('\n', out);
	}
	if (status == 0 && shown < stack.count)
		(void)fprintf(out, "      ... %zu more\n", stack.count - shown);
	if (status == 0 && stack.is_truncated)
		(void)fputs("      ... (cut)\n", out);
	stack_fini(&stack);
	return status;
}

static int put_call(FILE *out, const struct invalid_view *view, const struct snapshot *snapshot,
		    const struct invalid_call *call)
{
	int status;

	(void)fprintf(out, "\ninvalid %s()", invalid_call_word(call->call));
	if (call->count != 1)
		(void)fprintf(out, ", %s times; the first one:", number_text(call->count).text);
	(void)fputs(" in ", out);
	place_put(out, snapshot->program);
	(void)fprintf(out, ", pid %" PRId32 "\n", snapshot->header.pid);
	put_address(out, call);
	status = put_stack(out, view, snapshot, call->node, "called by thread ");
	if (status == 0)
		status = put_stack(out, view, snapshot, call->freed_node,
				   "the block was freed by thread ");
	if (status == 0)
		status = put_stack(out, view, snapshot, call->alloc_node,
				   "the block was allocated by thread ");
	return status;
}

static const char *const nothing_texts[] = {
	[MT_INVALID_NOT_KNOWN] =
		"no invalid free or realloc is recorded; they are where the program "
		"runs with --report-invalid",
	[MT_INVALID_NOT_REPORTED] =
		"invalid frees and reallocs were not recorded; they are where the "
		"program runs with --report-invalid",
	[MT_INVALID_REPORTED] =
		"no invalid free or realloc: they were recorded, and there was none",
};

int invalid_print_text(const struct invalid_view *view, FILE *out)
{
	int64_t total = invalid_total(view);
	int status = 0;

	if (total == 0)
		(void)fprintf(out, "%s\n", nothing_texts[invalid_reporting(view)]);
	else
		(void)fprintf(out, "%s invalid %s\n", number_text(total).text,
			      total == 1 ? "call" : "calls");
	for (size_t i = 0; status == 0 && i < view->snapshot_count; i++)
		for (size_t j = 0; status == 0 && j < view->snapshots[i]->invalid_count; j++)
			status = put_call(out, view, view->snapshots[i],
					  &view->snapshots[i]->invalid[j]);
	return status;
}
