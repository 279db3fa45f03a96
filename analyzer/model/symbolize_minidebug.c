/* SPDX-License-Identifier: Apache-2.0 */
/*
 * symbolize_minidebug.c - reads .gnu_debugdata by way of libdwfl, which knows how to unpack it.
 */
#include "model/symbolize_minidebug.h"

#include <elfutils/libdwfl.h>
#include <unistd.h>

/* The file is handed over, and nothing else is to be looked for. */
static int no_elf(Dwfl_Module *module, void **data, const char *name, Dwarf_Addr base, char **file,
		  Elf **elf)
{
	(void)module;
	(void)data;
	(void)name;
	(void)base;
	(void)file;
	(void)elf;
	return -1;
}

static int no_debug_file(Dwfl_Module *module, void **data, const char *name, Dwarf_Addr base,
			 const char *file, const char *link, GElf_Word crc, char **path)
{
	(void)module;
	(void)data;
	(void)name;
	(void)base;
	(void)file;
	(void)link;
	(void)crc;
	(void)path;
	return -1;
}

static const Dwfl_Callbacks callbacks = {
	.find_elf = no_elf,
	.find_debuginfo = no_debug_file,
};

static uint64_t code_section_end(Elf *elf, GElf_Word section)
{
	GElf_Shdr header;

	if (!elf || !gelf_getshdr(elf_getscn(elf, section), &header) ||
	    !(header.sh_flags & SHF_EXECINSTR))
		return 0;
	return header.sh_addr + header.sh_size;
}

static int module_read(Dwfl_Module *module,
		       int (*add)(void *, const GElf_Sym *, const char *, uint64_t), void *context)
{
	int count = dwfl_module_getsymtab(module), status = 0;

	for (int i = 1; status == 0 && i < count; i++) {
		GElf_Sym symbol;
		GElf_Addr address;
		GElf_Word section = 0;
		Elf *elf = NULL;
		const char *name =
			dwfl_module_getsym_info(module, i, &symbol, &address, &section, &elf, NULL);
		uint64_t end;

		if (!name || section == SHN_UNDEF || section >= SHN_LORESERVE)
			continue;
		end = code_section_end(elf, section);
		symbol.st_value = address;
		if (end > 0)
			status = add(context, &symbol, name, end);
	}
	return status;
}

int minidebug_read(const struct elf_file *file,
		   int (*add)(void *context, const GElf_Sym *symbol, const char *name,
			      uint64_t section_end),
		   void *context)
{
	Dwfl_Module *module;
	Dwfl *dwfl;
	int fd, status = 0;

	if (file->fd < 0 || !elf_file_has_section(file, ".gnu_debugdata"))
		return 0;
	dwfl = dwfl_begin(&callbacks);
	fd = dup(file->fd);
	if (!dwfl || fd < 0)
		goto out;
	dwfl_report_begin(dwfl);
	module = dwfl_report_elf(dwfl, file->path, file->path, fd, 0, true);
	if (module) {
		fd = -1;
		dwfl_report_end(dwfl, NULL, NULL);
		status = module_read(module, add, context);
	}
out:
	if (fd >= 0)
		close(fd);
	dwfl_end(dwfl);
	return status;
}
