/* SPDX-License-Identifier: Apache-2.0 */
/*
 * symbolize_symbols.c - reads symbol tables into one sorted array.
 */
#include "model/symbolize_symbols.h"

#include <errno.h>
#include <gelf.h>
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/range_index.h"
#include "model/symbolize_minidebug.h"

/* What is known of a section that functions lie in. */
struct code_section {
	uint64_t end; /* 0: not code */
};

struct symbol_index {
	struct symbol *symbols;
	size_t count, capacity;
	struct range_index sized;   /* of symbols with a size -> index into symbols */
	struct range_index unsized; /* of those without */
	struct arena names;	    /* of tables that do not stay in memory */
	bool is_complete;	    /* the table of all symbols is there */
};

static bool symbol_is_function(const GElf_Sym *entry, const char *name)
{
	unsigned char type = GELF_ST_TYPE(entry->st_info);

	/* "$x", "$d": marks of code and data on some machines */
	if (!name || !*name || *name == '$')
		return false;
	return type == STT_FUNC || type == STT_GNU_IFUNC || type == STT_NOTYPE;
}

static int symbol_index_add(struct symbol_index *index, const GElf_Sym *entry, const char *name,
			    uint64_t section_end)
{
	uint64_t end;

	if (!symbol_is_function(entry, name) || entry->st_value >= section_end)
		return 0;
	if (index->count == index->capacity) {
		size_t capacity = index->capacity ? 2 * index->capacity : 1024;
		struct symbol *symbols = reallocarray(index->symbols, capacity, sizeof(*symbols));

		if (!symbols)
			return -ENOMEM;
		index->symbols = symbols;
		index->capacity = capacity;
	}
	if (entry->st_size == 0 || __builtin_add_overflow(entry->st_value, entry->st_size, &end))
		end = section_end;

	index->symbols[index->count++] = (struct symbol){
		.low = entry->st_value,
		.high = end,
		.name = name,
		.is_unsized = entry->st_size == 0,
		.is_local = GELF_ST_BIND(entry->st_info) == STB_LOCAL,
		.is_untyped = GELF_ST_TYPE(entry->st_info) == STT_NOTYPE,
		.is_weak = GELF_ST_BIND(entry->st_info) == STB_WEAK,
	};
	return 0;
}

/* Array indexed by section number; NULL when there is no memory or no section. */
static struct code_section *code_sections_read(Elf *elf, size_t *count)
{
	struct code_section *sections;

	if (elf_getshdrnum(elf, count) != 0 || *count == 0)
		return NULL;
	sections = calloc(*count, sizeof(*sections));
	for (Elf_Scn *section = NULL; sections && (section = elf_nextscn(elf, section)) != NULL;) {
		GElf_Shdr header;

		if (gelf_getshdr(section, &header) && (header.sh_flags & SHF_EXECINSTR))
			sections[elf_ndxscn(section)].end = header.sh_addr + header.sh_size;
	}
	return sections;
}

static int symbol_index_read_table(struct symbol_index *index, Elf *elf, Elf_Scn *table,
				   const GElf_Shdr *header)
{
	size_t section_count = 0, entry_count;
	struct code_section *sections = code_sections_read(elf, &section_count);
	Elf_Data *data = elf_getdata(table, NULL);
	int status = sections ? 0 : -ENOMEM;

	entry_count = data && header->sh_entsize ? data->d_size / header->sh_entsize : 0;
	for (size_t i = 1; status == 0 && i < entry_count && i <= INT32_MAX; i++) {
		GElf_Sym entry;
		size_t section;

		if (!gelf_getsym(data, (int)i, &entry))
			break;
		section = entry.st_shndx;
		/* beyond SHN_LORESERVE stand absolute and common symbols, and files of 65,280 sections */
		if (section == SHN_UNDEF || section >= section_count || section >= SHN_LORESERVE)
			continue;
		status = symbol_index_add(index, &entry,
					  elf_strptr(elf, header->sh_link, entry.st_name),
					  sections[section].end);
	}
	free(sections);
	return status;
}

/* Reads the first table of a type. Returns 1 if there is none. */
static int symbol_index_read(struct symbol_index *index, const struct elf_file *file,
			     GElf_Word type)
{
	for (Elf_Scn *section = NULL;
	     file && (section = elf_nextscn(file->elf, section)) != NULL;) {
		GElf_Shdr header;

		if (gelf_getshdr(section, &header) && header.sh_type == type)
			return symbol_index_read_table(index, file->elf, section, &header);
	}
	return 1;
}

/* A symbol of .gnu_debugdata, whose memory goes away: keeps a copy of the name. */
static int symbol_index_add_copy(void *context, const GElf_Sym *entry, const char *name,
				 uint64_t section_end)
{
	struct symbol_index *index = context;
	char *copy;

	if (!symbol_is_function(entry, name))
		return 0;
	copy = arena_alloc(&index->names, strlen(name) + 1);
	return copy ? symbol_index_add(index, entry, strcpy(copy, name), section_end) : -ENOMEM;
}

static int symbol_index_read_all(struct symbol_index *index, const struct find_result *files)
{
	int status = symbol_index_read(index, files->main, SHT_SYMTAB);

	if (status == 1)
		status = symbol_index_read(index, files->debug, SHT_SYMTAB);
	index->is_complete = status == 0;
	if (status != 1)
		return status;
	status = symbol_index_read(index, files->main, SHT_DYNSYM);
	if (status < 0 || !files->main)
		return status < 0 ? status : 0;
	return minidebug_read(files->main, symbol_index_add_copy, index);
}

/* What makes a symbol a worse name for its address; the weightiest first in the higher bits. */
static size_t symbol_rank(const struct symbol *symbol)
{
	size_t underscores = strspn(symbol->name, "_");

	return (size_t)symbol->is_unsized << 63 | (size_t)symbol->is_local << 62 |
	       (size_t)symbol->is_untyped << 61 | underscores << 1 | symbol->is_weak;
}

static int number_compare(size_t a, size_t b)
{
	return (a > b) - (a < b);
}

/* By rising address; of one address the preferred one first. */
static int symbol_compare(const void *left, const void *right)
{
	const struct symbol *a = left, *b = right;
	int order = number_compare(a->low, b->low);

	if (order == 0)
		order = number_compare(symbol_rank(a), symbol_rank(b));
	if (order == 0)
		order = number_compare(strlen(a->name), strlen(b->name));
	return order != 0 ? order : strcmp(a->name, b->name);
}

/* Lets symbols without a size end at the next symbol's start. */
static void symbol_index_end_unsized(struct symbol_index *index)
{
	uint64_t next = UINT64_MAX;

	for (size_t i = index->count; i-- > 0;) {
		struct symbol *symbol = &index->symbols[i];

		if (i + 1 < index->count && symbol[1].low != symbol->low)
			next = symbol[1].low;
		if (!symbol->is_unsized)
			continue;
		if (!index->is_complete)
			symbol->high = symbol->low;
		else if (next < symbol->high)
			symbol->high = next;
	}
}

/* Of symbols of one address the preferred one gets all of its range, the others what is left of theirs. */
static int symbol_index_fill(struct symbol_index *index, struct range_index *ranges,
			     bool is_unsized)
{
	uint64_t low = UINT64_MAX, taken = 0;
	int status = 0;

	for (size_t i = 0; status == 0 && i < index->count; i++) {
		const struct symbol *symbol = &index->symbols[i];

		if (symbol->is_unsized != is_unsized)
			continue;
		if (symbol->low != low)
			taken = low = symbol->low;
		status = range_index_add(ranges, taken, symbol->high, i);
		if (symbol->high > taken)
			taken = symbol->high;
	}
	range_index_sort(ranges);
	return status;
}

static int symbol_index_sort(struct symbol_index *index)
{
	int status;

	if (index->count > 0)
		qsort(index->symbols, index->count, sizeof(*index->symbols), symbol_compare);
	symbol_index_end_unsized(index);
	status = symbol_index_fill(index, &index->sized, false);
	return status == 0 ? symbol_index_fill(index, &index->unsized, true) : status;
}

int symbol_index_new(const struct find_result *files, struct symbol_index **out)
{
	struct symbol_index *index = calloc(1, sizeof(*index));
	int status = -ENOMEM;

	if (index)
		status = symbol_index_read_all(index, files);
	if (status == 0)
		status = symbol_index_sort(index);
	if (status != 0)
		symbol_index_free(index);
	else
		*out = index;
	return status;
}

void symbol_index_free(struct symbol_index *index)
{
	if (!index)
		return;
	free(index->symbols);
	range_index_fini(&index->sized);
	range_index_fini(&index->unsized);
	arena_fini(&index->names);
	free(index);
}

const struct symbol *symbol_index_find(const struct symbol_index *index, uint64_t address)
{
	size_t i = range_index_find(&index->sized, address);

	if (i == RANGE_NONE)
		i = range_index_find(&index->unsized, address);
	return i == RANGE_NONE ? NULL : &index->symbols[i];
}
