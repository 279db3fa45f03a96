/* SPDX-License-Identifier: Apache-2.0 */
/*
 * place_text.c - how a frame and a row are called in text.
 */
#include "render/place_text.h"

#include <inttypes.h>
#include <string.h>

void place_put(FILE *out, const char *text)
{
	for (; *text; text++) {
		unsigned char byte = (unsigned char)*text;

		(void)fputc(byte < 0x20 || byte == 0x7f ? '?' : byte, out);
	}
}

/* Files below the program's working directory are called as the user would call them there. */
static const char *short_path(const struct snapshot *snapshot, const char *path)
{
	size_t bytes = strlen(snapshot->working_directory);

	if (bytes > 1 && strncmp(path, snapshot->working_directory, bytes) == 0 &&
	    path[bytes] == '/')
		return path + bytes + 1;
	return path;
}

static void put_line(FILE *out, const struct row *row, const struct frame *frame)
{
	place_put(out, short_path(row->snapshot, frame->file));
	if (frame->line)
		(void)fprintf(out, ":%" PRIu32, frame->line);
}

static void put_offset(FILE *out, const struct frame *frame)
{
	if (*frame->module) {
		place_put(out, path_base(frame->module));
		(void)fputc('+', out);
	}
	(void)fprintf(out, "0x%" PRIx64, frame->offset);
}

static bool is_code(const struct frame *frame)
{
	return *frame->module || frame->offset;
}

static void put_position(FILE *out, const struct row *row, const struct frame *frame)
{
	if (frame->file)
		put_line(out, row, frame);
	else if (is_code(frame))
		put_offset(out, frame);
}

static void put_exact(FILE *out, const struct view *view, const struct row *row,
		      const struct frame *frame)
{
	(void)view;
	put_position(out, row, frame);
	if (!frame->function)
		return;
	if (frame->file || is_code(frame))
		(void)fputc(' ', out);
	place_put(out, frame->function);
}

static void put_function(FILE *out, const struct view *view, const struct row *row,
			 const struct frame *frame)
{
	if (!frame->function) {
		put_exact(out, view, row, frame);
		return;
	}
	if (frame->file)
		place_put(out, short_path(row->snapshot, frame->file));
	else
		place_put(out, path_base(frame->module));
	if (frame->file || *frame->module)
		(void)fputc(' ', out);
	place_put(out, frame->function);
}

static void put_module(FILE *out, const struct view *view, const struct row *row,
		       const struct frame *frame)
{
	(void)view;
	(void)row;
	place_put(out, *frame->module ? frame->module : "[no module]");
}

static void put_file(FILE *out, const struct view *view, const struct row *row,
		     const struct frame *frame)
{
	if (frame->file)
		place_put(out, short_path(row->snapshot, frame->file));
	else
		put_module(out, view, row, frame);
}

static void put_thread(FILE *out, const struct view *view, const struct row *row,
		       const struct frame *frame)
{
	const char *name = stack_thread(row->snapshot, row->node);

	(void)view;
	(void)frame;
	(void)fputs("thread ", out);
	place_put(out, *name ? name : "[unknown]");
}

void place_put_row(FILE *out, const struct view *view, const struct row *row,
		   const struct frame *frame)
{
	static void (*const puts_by[GROUP_COUNT])(FILE *, const struct view *, const struct row *,
						  const struct frame *) = {
		[GROUP_SITE] = put_exact,	 [GROUP_LINE] = put_exact,
		[GROUP_FUNCTION] = put_function, [GROUP_FILE] = put_file,
		[GROUP_MODULE] = put_module,	 [GROUP_THREAD] = put_thread,
	};

	puts_by[view->rows->by](out, view, row, frame);
}

void place_put_frame(FILE *out, const struct row *row, const struct frame *frame)
{
	if (frame->function) {
		place_put(out, frame->function);
		if (frame->file || is_code(frame))
			(void)fputs(" at ", out);
	}
	put_position(out, row, frame);
	if (frame->is_inlined)
		(void)fputs(" (inlined)", out);
}
