/* SPDX-License-Identifier: Apache-2.0 */
/*
 * render.c - hands the rows of a view to a renderer, most important first.
 */
#include "render/render.h"

int render(const struct renderer *renderer, FILE *out, const struct view *view)
{
	struct rendering rendering = {.out = out, .view = view};
	size_t count = view->rows->count;
	size_t i;
	int status;

	if (view->limit > 0 && view->limit < count)
		count = view->limit;
	status = renderer->begin(&rendering);
	for (i = 0; i < count && !status && !ferror(out); i++)
		status = renderer->row(&rendering, &view->rows->rows[i]);
	return status ? status : renderer->end(&rendering);
}
