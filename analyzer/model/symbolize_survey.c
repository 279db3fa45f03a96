/* SPDX-License-Identifier: Apache-2.0 */
/*
 * symbolize_survey.c - what an executable or library shows of itself that matters for tracing it.
 */
#include "model/symbolize_survey.h"

#include <errno.h>
#include <gelf.h>
#include <stdlib.h>
#include <string.h>

#include "model/symbolize_elf.h"
#include "model/symbolize_find.h"

#define NEEDED_MAX 4096u /* more than any program has */

static const struct {
	const char *name;
	enum survey_symbol symbol;
} watched[] = {
	{"malloc", SURVEY_MALLOC},	   {"_Znwm", SURVEY_NEW},
	{"mallocx", SURVEY_MALLOCX},	   {"rallocx", SURVEY_MALLOCX},
	{"xallocx", SURVEY_MALLOCX},	   {"dallocx", SURVEY_MALLOCX},
	{"sdallocx", SURVEY_MALLOCX},	   {"je_malloc", SURVEY_PREFIXED},
	{"mi_malloc", SURVEY_PREFIXED},	   {"tc_malloc", SURVEY_PREFIXED},
	{"rpmalloc", SURVEY_PREFIXED},	   {"scalable_malloc", SURVEY_PREFIXED},
	{"_rjem_malloc", SURVEY_PREFIXED}, {"dlopen", SURVEY_DLOPEN},
	{"dlmopen", SURVEY_DLMOPEN},
};

#define WATCHED_COUNT (sizeof(watched) / sizeof(watched[0]))

/* Names that many symbols do not begin like are passed over without a comparison each. */
static bool begins_like_one(const char *name)
{
	return strchr("m_rxdsjt", name[0]) != NULL && name[0] != '\0';
}

static void note_symbol(struct survey *survey, const char *name, const GElf_Sym *symbol)
{
	bool is_function = GELF_ST_TYPE(symbol->st_info) == STT_FUNC ||
			   GELF_ST_TYPE(symbol->st_info) == STT_GNU_IFUNC;
	bool is_hidden = GELF_ST_BIND(symbol->st_info) == STB_LOCAL ||
			 GELF_ST_VISIBILITY(symbol->st_other) == STV_HIDDEN ||
			 GELF_ST_VISIBILITY(symbol->st_other) == STV_INTERNAL;

	for (size_t i = 0; i < WATCHED_COUNT; i++) {
		struct survey_use *use = &survey->uses[watched[i].symbol];
		const char **kept = &use->imported;

		if (strcmp(name, watched[i].name) != 0)
			continue;
		if (symbol->st_shndx != SHN_UNDEF && !is_function)
			return;
		if (symbol->st_shndx != SHN_UNDEF)
			kept = is_hidden ? &use->internal : &use->exported;
		else if (GELF_ST_BIND(symbol->st_info) == STB_WEAK)
			kept = &use->asked;
		if (*kept == NULL)
			*kept = watched[i].name;
		return;
	}
}

static void read_symbols(struct survey *survey, Elf *elf, Elf_Scn *section, const GElf_Shdr *header)
{
	Elf_Data *data = elf_getdata(section, NULL);
	size_t count = header->sh_entsize > 0 ? header->sh_size / header->sh_entsize : 0;

	for (size_t i = 1; data != NULL && i < count; i++) {
		GElf_Sym symbol;
		const char *name;

		if (gelf_getsym(data, (int)i, &symbol) == NULL)
			return;
		/* what every file has from the compiler (_init, _fini) is never in .dynsym */
		survey->has_code |= header->sh_type == SHT_DYNSYM && symbol.st_shndx != SHN_UNDEF &&
				    GELF_ST_TYPE(symbol.st_info) == STT_FUNC;
		name = elf_strptr(elf, header->sh_link, symbol.st_name);
		if (name != NULL && begins_like_one(name))
			note_symbol(survey, name, &symbol);
	}
}

static void add_needed(struct survey *survey, const char *name, size_t count)
{
	char **longer = reallocarray(survey->needed, count + 2, sizeof(*longer));

	if (longer == NULL)
		return;
	survey->needed = longer;
	longer[count] = strdup(name);
	longer[count + 1] = NULL;
}

static void keep_text(char **kept, const char *text)
{
	free(*kept);
	*kept = text != NULL ? strdup(text) : NULL;
}

static void read_dynamic(struct survey *survey, Elf *elf, Elf_Scn *section, const GElf_Shdr *header)
{
	Elf_Data *data = elf_getdata(section, NULL);
	size_t count = header->sh_entsize > 0 ? header->sh_size / header->sh_entsize : 0;
	size_t needed_count = 0;

	for (size_t i = 0; data != NULL && i < count; i++) {
		GElf_Dyn entry;
		const char *text;

		if (gelf_getdyn(data, (int)i, &entry) == NULL || entry.d_tag == DT_NULL)
			return;
		text = elf_strptr(elf, header->sh_link, entry.d_un.d_val);
		if (entry.d_tag == DT_NEEDED && text != NULL && needed_count < NEEDED_MAX)
			add_needed(survey, text, needed_count++);
		else if (entry.d_tag == DT_SONAME)
			keep_text(&survey->soname, text);
		else if (entry.d_tag == DT_RUNPATH ||
			 (entry.d_tag == DT_RPATH && survey->runpath == NULL)) {
			keep_text(&survey->runpath, text);
			survey->has_rpath_only = entry.d_tag == DT_RPATH;
		}
		survey->is_symbolic |=
			entry.d_tag == DT_SYMBOLIC ||
			(entry.d_tag == DT_FLAGS && (entry.d_un.d_val & DF_SYMBOLIC) != 0);
	}
}

static void read_sections(struct survey *survey, Elf *elf)
{
	size_t count = 0;

	survey->has_sections = elf_getshdrnum(elf, &count) == 0 && count > 0;
	for (Elf_Scn *section = NULL; (section = elf_nextscn(elf, section)) != NULL;) {
		GElf_Shdr header;

		if (gelf_getshdr(section, &header) == NULL)
			continue;
		if (header.sh_type == SHT_DYNSYM || header.sh_type == SHT_SYMTAB)
			read_symbols(survey, elf, section, &header);
		else if (header.sh_type == SHT_DYNAMIC)
			read_dynamic(survey, elf, section, &header);
	}
}

static void read_segments(struct survey *survey, Elf *elf)
{
	size_t count = 0;

	if (elf_getphdrnum(elf, &count) != 0)
		return;
	for (size_t i = 0; i < count; i++) {
		GElf_Phdr header;

		if (gelf_getphdr(elf, (int)i, &header) == NULL)
			continue;
		survey->has_code |= header.p_type == PT_INTERP;
		survey->has_unwind_info |= header.p_type == PT_GNU_EH_FRAME && header.p_filesz > 0;
	}
}

static void look_for_names(struct survey *survey, const struct elf_file *file)
{
	if (file == NULL)
		return;
	survey->has_symbols |= elf_file_has_section(file, ".symtab") ||
			       elf_file_has_section(file, ".gnu_debugdata");
	survey->has_lines |= elf_file_has_section(file, ".debug_info") ||
			     elf_file_has_section(file, ".zdebug_info");
}

/* The same places that a report looks into, and never a server. */
static void look_for_debug_file(struct survey *survey, const struct elf_file *file,
				const char *name)
{
	const struct symbolize_options options = {.sysroot = NULL};
	const struct find_module module = {.path = name, .id = file->build_id};
	struct find_result result;
	struct error error;
	struct find find;

	if (find_init(&find, &options, &error) == 0) {
		find_module(&find, &module, &result);
		look_for_names(survey, result.main);
		look_for_names(survey, result.debug);
		find_result_fini(&result);
	}
	find_fini(&find);
}

int survey_file(const char *path, const char *name, struct survey *survey)
{
	struct elf_file *file = NULL;
	int ret = elf_file_open(path, &file);

	*survey = (struct survey){.needed = NULL};
	if (ret != 0)
		return ret;
	read_sections(survey, file->elf);
	read_segments(survey, file->elf);
	look_for_names(survey, file);
	if (!survey->has_lines)
		look_for_debug_file(survey, file, name);
	elf_file_close(file);
	return 0;
}

void survey_fini(struct survey *survey)
{
	for (size_t i = 0; survey->needed != NULL && survey->needed[i] != NULL; i++)
		free(survey->needed[i]);
	free(survey->needed);
	free(survey->soname);
	free(survey->runpath);
	*survey = (struct survey){.needed = NULL};
}
