/* SPDX-License-Identifier: Apache-2.0 */
/*
 * module_loader.c - the loader's _dl_find_object (glibc 2.35), or a list made once at start-up.
 *
 * _dl_find_object takes no lock and may be called from a signal handler. Without it, modules loaded later
 * stay unknown: dl_iterate_phdr takes the loader's lock, and a program may hold that while it allocates.
 */
#define _GNU_SOURCE
#include "module_loader.h"

#include <link.h>
#include <stddef.h>
#include <sys/auxv.h>

#include "arena.h"
#include "loader_object.h"
#include "memtrace/atomic.h"
#include "module_image.h"
#include "os.h"
#include "text.h"

#define PATH_BYTES 4096

struct listed {
	struct loader_module module;
	struct listed *next;
};

static struct listed *list; /* the vdso, and without _dl_find_object everything else */
static char main_path[PATH_BYTES];
static const Elf64_Phdr *main_headers;
static unsigned main_header_count;

static void add_listed(const struct module_image *image, const char *path)
{
	struct listed *item = arena_alloc(sizeof(*item));

	if (!item)
		return;
	item->module = (struct loader_module){
		.start = image->start,
		.end = image->end,
		.eh_frame_hdr = image->eh_frame_hdr,
		.path = path,
		.bias = image->bias,
	};
	item->next = list;
	mt_store_release(&list, item);
}

static const char *copy_path(const char *path)
{
	struct text text;
	size_t bytes = 1;
	char *copy;

	while (path[bytes - 1] != 0 && bytes < PATH_BYTES)
		bytes++;
	copy = arena_alloc(bytes);
	if (!copy)
		return "";
	text_init(&text, copy, bytes);
	text_add(&text, path);
	return copy;
}

static int list_one(struct dl_phdr_info *info, size_t size, void *data)
{
	struct module_image image;

	(void)size;
	(void)data;
	if (module_image_read(info->dlpi_phdr, info->dlpi_phnum, info->dlpi_addr, &image))
		add_listed(&image, info->dlpi_name[0] ? copy_path(info->dlpi_name) : main_path);
	return 0;
}

static void list_vdso(void)
{
	uint64_t start = getauxval(AT_SYSINFO_EHDR);
	struct module_image image;
	const Elf64_Phdr *headers;
	unsigned count;

	headers = start ? module_image_headers(start, &count) : NULL;
	/* it is linked at address 0 */
	if (headers && module_image_read(headers, count, start, &image))
		add_listed(&image, "[vdso]");
}

void module_loader_init(void)
{
	if (main_headers) /* done */
		return;
	os_executable(main_path, sizeof(main_path));
	main_headers = (const Elf64_Phdr *)(uintptr_t)getauxval(AT_PHDR);
	main_header_count = (unsigned)getauxval(AT_PHNUM);
	if (!loader_object_init())
		dl_iterate_phdr(list_one, NULL);
	list_vdso();
}

static bool find_listed(uint64_t pc, struct loader_module *out)
{
	const struct listed *item;

	for (item = mt_load_acquire(&list); item; item = item->next) {
		if (pc >= item->module.start && pc < item->module.end) {
			*out = item->module;
			return true;
		}
	}
	return false;
}

bool module_loader_find(uint64_t pc, struct loader_module *out)
{
	struct loader_object found;

	/* the vdso first: the loader has a link map for it, whose name means no file */
	if (find_listed(pc, out))
		return true;
	if (!loader_object_find((const void *)(uintptr_t)pc, &found))
		return false;
	out->start = (uint64_t)(uintptr_t)found.map_start;
	out->end = (uint64_t)(uintptr_t)found.map_end;
	out->eh_frame_hdr = (uint64_t)(uintptr_t)found.eh_frame;
	out->link_map = found.link_map;
	out->bias = found.link_map->l_addr;
	out->path = found.link_map->l_name;
	if (!out->path || out->path[0] == 0)
		out->path = found.link_map->l_prev ? "" : main_path;
	return true;
}

bool module_loader_is_loaded(const struct loader_module *module)
{
	struct loader_object found;

	if (!module->link_map)
		return true;
	return loader_object_find((const void *)(uintptr_t)module->start, &found) &&
	       found.link_map == module->link_map &&
	       (uint64_t)(uintptr_t)found.map_start == module->start &&
	       (uint64_t)(uintptr_t)found.map_end == module->end &&
	       (uint64_t)(uintptr_t)found.eh_frame == module->eh_frame_hdr;
}

bool module_loader_is_main(const struct loader_module *module)
{
	uint64_t headers = (uint64_t)(uintptr_t)main_headers;

	/*
	 * The first link map of the program's namespace. Where its headers lie does not tell: of an executable
	 * whose segments leave gaps, the loader reports the range with the code only.
	 */
	if (module->link_map)
		return ((const struct link_map *)module->link_map)->l_prev == NULL &&
		       module->path == main_path;
	return headers >= module->start && headers < module->end;
}

const Elf64_Phdr *module_loader_headers(const struct loader_module *module, unsigned *count)
{
	const Elf64_Phdr *headers;

	if (module_loader_is_main(module)) {
		*count = main_header_count;
		return main_headers;
	}
	/* they begin where address 0 of the file is, unless the file was linked elsewhere */
	headers = module_image_headers(module->bias, count);
	return headers ? headers : module_image_headers(module->start, count);
}
