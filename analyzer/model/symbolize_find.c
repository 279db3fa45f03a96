/* SPDX-License-Identifier: Apache-2.0 */
/*
 * symbolize_find.c - module and debug files, taken only when build ID or checksum say that they belong together.
 */
#define _GNU_SOURCE 1
#include "model/symbolize_find.h"

#include <elfutils/libdwelf.h>
#include <errno.h>
#include <libgen.h>
#include <limits.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "model/symbolize_debuginfod.h"
#include "model/symbolize_process.h"

#define DEFAULT_DEBUG_DIR "/usr/lib/debug"

static char *text_format(const char *format, ...) __attribute__((format(printf, 1, 2)));

static char *text_format(const char *format, ...)
{
	char *text = NULL;
	va_list arguments;

	va_start(arguments, format);
	if (vasprintf(&text, format, arguments) < 0)
		text = NULL;
	va_end(arguments);
	return text;
}

/* Appends to a NULL-terminated list that owns its texts; drops the text when there is no memory. */
static void list_add(char ***list, size_t count, char *text)
{
	char **longer = text ? reallocarray(*list, count + 2, sizeof(*longer)) : NULL;

	if (!longer) {
		free(text);
		return;
	}
	longer[count] = text;
	longer[count + 1] = NULL;
	*list = longer;
}

static size_t list_count(char *const *list)
{
	size_t count = 0;

	while (list && list[count])
		count++;
	return count;
}

static void list_free(char **list)
{
	for (size_t i = 0; list && list[i]; i++)
		free(list[i]);
	free(list);
}

int find_init(struct find *find, const struct symbolize_options *options, struct error *error)
{
	const char *sysroot = options->sysroot ? options->sysroot : "";
	size_t length = strlen(sysroot);
	struct error reason;

	*find = (struct find){0};
	while (length > 0 && sysroot[length - 1] == '/')
		length--;
	find->sysroot = strndup(sysroot, length);
	if (!find->sysroot)
		return error_set(error, -ENOMEM, "out of memory");
	for (size_t i = 0; options->debug_dirs && options->debug_dirs[i]; i++)
		list_add(&find->debug_dirs, i, strdup(options->debug_dirs[i]));
	if (length > 0)
		list_add(&find->debug_dirs, list_count(find->debug_dirs),
			 text_format("%s" DEFAULT_DEBUG_DIR, find->sysroot));
	list_add(&find->debug_dirs, list_count(find->debug_dirs), strdup(DEFAULT_DEBUG_DIR));
	if (options->use_debuginfod && debug_server_open(&find->server, &reason) != 0)
		find_warn(find, "%s", reason.text);
	return 0;
}

void find_fini(struct find *find)
{
	free(find->sysroot);
	list_free(find->debug_dirs);
	list_free(find->warnings);
	debug_server_close(find->server);
}

void find_warn(struct find *find, const char *format, ...)
{
	char *text = NULL;
	va_list arguments;

	va_start(arguments, format);
	if (vasprintf(&text, format, arguments) < 0)
		text = NULL;
	va_end(arguments);
	for (size_t i = 0; text && find->warnings && find->warnings[i]; i++) {
		if (strcmp(find->warnings[i], text) == 0) {
			free(text);
			return;
		}
	}
	list_add(&find->warnings, list_count(find->warnings), text);
}

struct elf_file *find_by_build_id(const struct find *find, struct build_id id, const char *suffix)
{
	struct elf_file *file = NULL;
	char hex[BUILD_ID_TEXT_BYTES];

	if (id.bytes < 2)
		return NULL;
	build_id_text(id, hex);
	for (size_t i = 0; !file && find->debug_dirs && find->debug_dirs[i]; i++)
		file = elf_file_open_checked(text_format("%s/.build-id/%.2s/%s%s",
							 find->debug_dirs[i], hex, hex + 2, suffix),
					     id);
	return file;
}

static bool has_debug_info(const struct elf_file *file)
{
	return elf_file_has_section(file, ".debug_info") ||
	       elf_file_has_section(file, ".zdebug_info");
}

/* Keeps a file only if it knows more than a stripped one. */
static struct elf_file *keep_if_useful(struct elf_file *file)
{
	if (!file || has_debug_info(file) || elf_file_has_section(file, ".symtab"))
		return file;
	elf_file_close(file);
	return NULL;
}

/* A file of the module's name in a debug directory, such as the build directory of an unstripped program. */
static struct elf_file *find_by_name(const struct find *find, const char *path, struct build_id id)
{
	const char *slash = strrchr(path, '/'), *name = slash ? slash + 1 : path;
	struct elf_file *file = NULL;

	if (id.bytes == 0 || !*name)
		return NULL;
	for (size_t i = 0; !file && find->debug_dirs && find->debug_dirs[i]; i++) {
		file = keep_if_useful(
			elf_file_open_checked(text_format("%s/%s", find->debug_dirs[i], name), id));
		if (!file)
			file = keep_if_useful(elf_file_open_checked(
				text_format("%s/%s.debug", find->debug_dirs[i], name), id));
	}
	return file;
}

/* A file that .gnu_debuglink may mean; the checksum is looked at where there is no build ID. */
static struct elf_file *open_linked(char *path, const struct elf_file *main, uint32_t crc)
{
	struct elf_file *file = NULL;
	bool is_ours;

	if (path && elf_file_open(path, &file) == 0) {
		if (main->build_id.bytes > 0 && file->build_id.bytes > 0)
			is_ours = build_id_equal(main->build_id, file->build_id);
		else
			is_ours = elf_file_has_crc(file, crc);
		if (!is_ours) {
			elf_file_close(file);
			file = NULL;
		}
	}
	free(path);
	return keep_if_useful(file);
}

/* Looks around the folder of a module, given without the sysroot. */
static struct elf_file *find_linked_from(const struct find *find, const struct elf_file *main,
					 const char *folder, const char *name, uint32_t crc)
{
	struct elf_file *file;

	file = open_linked(text_format("%s%s/%s", find->sysroot, folder, name), main, crc);
	if (!file)
		file = open_linked(text_format("%s%s/.debug/%s", find->sysroot, folder, name), main,
				   crc);
	for (size_t i = 0; !file && find->debug_dirs && find->debug_dirs[i]; i++) {
		file = open_linked(text_format("%s%s/%s", find->debug_dirs[i], folder, name), main,
				   crc);
		if (!file)
			file = open_linked(text_format("%s/%s", find->debug_dirs[i], name), main,
					   crc);
	}
	return file;
}

static struct elf_file *find_linked(const struct find *find, const char *path,
				    const struct elf_file *main)
{
	GElf_Word crc = 0;
	const char *name = dwelf_elf_gnu_debuglink(main->elf, &crc);
	char real[PATH_MAX], *folder;
	struct elf_file *file;

	if (!name || !*name || main->fd < 0)
		return NULL;
	folder = strdup(path);
	if (!folder)
		return NULL;
	file = find_linked_from(find, main, dirname(folder), name, crc);
	free(folder);
	/* /lib may be a link to /usr/lib, and debug files lie below either name */
	if (!file && !*find->sysroot && realpath(main->path, real) && strcmp(real, path) != 0)
		file = find_linked_from(find, main, dirname(real), name, crc);
	return file;
}

static struct elf_file *find_on_server(struct find *find, const char *path, struct build_id id)
{
	char *local = NULL;
	int status;

	if (!find->server || id.bytes == 0)
		return NULL;
	status = debug_server_fetch(find->server, id, &local);
	if (status != 0 && status != -ENOENT)
		find_warn(find, "%s: debuginfod: %s", path, strerror(-status));
	return status == 0 ? elf_file_open_checked(local, id) : NULL;
}

static struct elf_file *find_debug(struct find *find, const char *path, struct build_id id,
				   const struct elf_file *main)
{
	struct elf_file *file = keep_if_useful(find_by_build_id(find, id, ".debug"));

	if (!file && main)
		file = find_linked(find, path, main);
	if (!file)
		file = find_by_name(find, path, id);
	if (!file)
		file = find_on_server(find, path, id);
	return file;
}

/* The file at the recorded path; NULL, with the reason in @problem, if it is not the one that ran. */
static struct elf_file *find_main(struct find *find, const char *path, struct build_id id,
				  char **problem)
{
	char expected[BUILD_ID_TEXT_BYTES], found[BUILD_ID_TEXT_BYTES];
	struct elf_file *file = NULL;
	char *name = text_format("%s%s", find->sysroot, path);
	int status = -ENOMEM;

	if (strcmp(path, "[vdso]") == 0)
		status = id.bytes > 0 ? elf_file_open_vdso(&file) : -ENOENT;
	else if (name)
		status = elf_file_open(name, &file);
	if (status == -ENOEXEC)
		*problem = text_format("%s: not an ELF file", name);
	else if (status != 0)
		*problem = text_format("%s: %s", name, strerror(-status));
	else if (id.bytes > 0 && !build_id_equal(file->build_id, id))
		*problem =
			text_format("%s was replaced since (build ID %s found, %s expected)", name,
				    file->build_id.bytes ? build_id_text(file->build_id, found)
							 : "none",
				    build_id_text(id, expected));
	free(name);
	if (*problem) {
		elf_file_close(file);
		file = NULL;
	}
	return file;
}

/* Without a build ID there is only the time to tell. */
static void warn_if_changed(struct find *find, const struct find_module *module,
			    const struct elf_file *main)
{
	if (module->id.bytes == 0 && module->start_ns > 0 &&
	    elf_file_changed_ns(main) > module->start_ns)
		find_warn(find,
			  "%s has no build ID and was changed after the program started: "
			  "names and lines may be wrong",
			  main->path);
}

/* The module itself; @problem is set if it is not what its path leads to. */
static struct elf_file *find_main_anywhere(struct find *find, const struct find_module *module,
					   char **problem)
{
	struct elf_file *main = find_main(find, module->path, module->id, problem);

	if (main) {
		warn_if_changed(find, module, main);
		return main;
	}
	main = process_root_open(module);
	if (main) {
		/* its own path in its own root: nothing was replaced */
		free(*problem);
		*problem = NULL;
		return main;
	}
	main = process_mapping_open(module);
	return main ? main : find_by_build_id(find, module->id, "");
}

void find_module(struct find *find, const struct find_module *module, struct find_result *result)
{
	struct build_id id = module->id;
	char *problem = NULL;

	*result = (struct find_result){.main = find_main_anywhere(find, module, &problem)};
	if (result->main && id.bytes == 0)
		id = result->main->build_id;
	if (!result->main || !has_debug_info(result->main))
		result->debug = find_debug(find, module->path, id, result->main);
	if (problem && (result->main || result->debug))
		find_warn(find, "%s: using %s", problem,
			  result->debug ? result->debug->path : result->main->path);
	else if (problem)
		find_warn(find, "%s: its functions stay without names", problem);
	free(problem);
}

void find_result_fini(struct find_result *result)
{
	elf_file_close(result->main);
	elf_file_close(result->debug);
	*result = (struct find_result){0};
}

struct elf_file *find_alternate(struct find *find, const struct elf_file *file, const char *name,
				struct build_id id)
{
	struct elf_file *alternate = find_by_build_id(find, id, ".debug");
	char *folder;

	if (alternate)
		return alternate;
	if (*name == '/') {
		alternate = elf_file_open_checked(text_format("%s%s", find->sysroot, name), id);
		return alternate ? alternate : elf_file_open_checked(strdup(name), id);
	}
	folder = strdup(file->path);
	if (folder)
		alternate = elf_file_open_checked(text_format("%s/%s", dirname(folder), name), id);
	free(folder);
	return alternate;
}
