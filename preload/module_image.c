/* SPDX-License-Identifier: Apache-2.0 */
/*
 * module_image.c - program headers and notes of a mapped object file, each access checked against the
 * segment that it should lie in.
 */
#include "module_image.h"

#include <string.h>

#include "os.h"

#define PAGE_MASK (~(uint64_t)(MT_PAGE_SIZE - 1))

static bool segment_holds(const Elf64_Phdr *header, uint64_t address, uint64_t bytes)
{
	return header->p_type == PT_LOAD && (header->p_flags & PF_R) != 0 &&
	       address >= header->p_vaddr && bytes <= header->p_memsz &&
	       address - header->p_vaddr <= header->p_memsz - bytes;
}

static const Elf64_Phdr *segment_find(const Elf64_Phdr *headers, unsigned count, uint64_t address,
				      uint64_t bytes)
{
	unsigned i;

	for (i = 0; i < count; i++) {
		if (segment_holds(&headers[i], address, bytes))
			return &headers[i];
	}
	return NULL;
}

/* Copies the build ID out of a run of notes, if it is there. */
static void read_notes(const uint8_t *notes, uint64_t bytes, uint64_t align,
		       struct module_image *out)
{
	Elf64_Nhdr note;
	uint64_t at = 0;

	align = align == 8 ? 8 : 4;
	while (bytes - at >= sizeof(note)) {
		uint64_t name, value, next;

		memcpy(&note, notes + at, sizeof(note));
		name = at + sizeof(note);
		value = (name + note.n_namesz + align - 1) & ~(align - 1);
		next = (value + note.n_descsz + align - 1) & ~(align - 1);
		if (value + note.n_descsz > bytes)
			return;
		if (note.n_type == NT_GNU_BUILD_ID && note.n_namesz == 4 &&
		    memcmp(notes + name, "GNU", 4) == 0 && note.n_descsz <= MT_BUILD_ID_MAX) {
			memcpy(out->build_id, notes + value, note.n_descsz);
			out->build_id_bytes = note.n_descsz;
			return;
		}
		if (next > bytes)
			return;
		at = next;
	}
}

static void widen(uint64_t *start, uint64_t *end, const Elf64_Phdr *header)
{
	uint64_t last = header->p_vaddr + header->p_memsz;

	if (*end == 0 || header->p_vaddr < *start)
		*start = header->p_vaddr;
	if (last > *end)
		*end = last;
}

static void read_tables(const Elf64_Phdr *headers, unsigned count, const Elf64_Phdr *header,
			struct module_image *out)
{
	const Elf64_Phdr *segment = segment_find(headers, count, header->p_vaddr, header->p_memsz);

	if (!segment)
		return;
	if (header->p_type == PT_GNU_EH_FRAME) {
		out->eh_frame_hdr = out->bias + header->p_vaddr;
		out->data_start = out->bias + segment->p_vaddr;
		out->data_end = out->data_start + segment->p_memsz;
	} else if (out->build_id_bytes == 0) {
		read_notes((const uint8_t *)(uintptr_t)(out->bias + header->p_vaddr),
			   header->p_memsz, header->p_align, out);
	}
}

bool module_image_read(const Elf64_Phdr *headers, unsigned count, uint64_t bias,
		       struct module_image *out)
{
	unsigned i;

	memset(out, 0, sizeof(*out));
	for (i = 0; i < count; i++) {
		if (headers[i].p_type != PT_LOAD)
			continue;
		widen(&out->start, &out->end, &headers[i]);
		if ((headers[i].p_flags & PF_X) != 0)
			widen(&out->text_start, &out->text_end, &headers[i]);
	}
	if (out->end == 0)
		return false;
	out->bias = bias;
	out->start = bias + (out->start & PAGE_MASK);
	out->end = bias + ((out->end + ~PAGE_MASK) & PAGE_MASK);
	out->text_start += out->bias;
	out->text_end += out->bias;
	for (i = 0; i < count; i++) {
		if (headers[i].p_type == PT_NOTE || headers[i].p_type == PT_GNU_EH_FRAME)
			read_tables(headers, count, &headers[i], out);
	}
	return true;
}

const Elf64_Phdr *module_image_headers(uint64_t start, unsigned *count)
{
	const Elf64_Ehdr *elf = (const Elf64_Ehdr *)(uintptr_t)start;

	if (!os_is_readable(elf, MT_PAGE_SIZE) || memcmp(elf->e_ident, ELFMAG, SELFMAG) != 0 ||
	    elf->e_ident[EI_CLASS] != ELFCLASS64 || elf->e_phentsize != sizeof(Elf64_Phdr) ||
	    elf->e_phoff % 8 != 0 || elf->e_phoff > MT_PAGE_SIZE ||
	    elf->e_phnum > (MT_PAGE_SIZE - elf->e_phoff) / sizeof(Elf64_Phdr))
		return NULL;
	*count = elf->e_phnum;
	return (const Elf64_Phdr *)(uintptr_t)(start + elf->e_phoff);
}
