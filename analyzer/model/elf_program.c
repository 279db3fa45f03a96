/* SPDX-License-Identifier: Apache-2.0 */
/*
 * elf_program.c - what the program headers of an ELF file say about how it will be started.
 */
#include "model/elf_program.h"

#include <elf.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* The kernel itself refuses more program headers than fit in here. */
#define HEADERS_BYTES_MAX 65536u
#define DYNAMIC_BYTES_MAX (UINT64_C(1) << 20)
#define NEEDED_NAME_MAX 64

static const char *const sanitizer_names[] = {
	"libasan.so", "libtsan.so",	  "libhwasan.so",
	"liblsan.so", "libclang_rt.asan", "libclang_rt.tsan",
};

struct reader {
	int fd;
	const Elf64_Phdr *headers;
	size_t header_count;
};

/* All of it or -EBADMSG. */
static int read_exactly(int fd, void *buffer, size_t bytes, uint64_t offset)
{
	size_t done = 0;

	if (offset > INT64_MAX - bytes)
		return -EBADMSG;
	while (done < bytes) {
		ssize_t got =
			pread(fd, (char *)buffer + done, bytes - done, (off_t)(offset + done));

		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0)
			return -errno;
		if (got == 0)
			return -EBADMSG;
		done += (size_t)got;
	}
	return 0;
}

/* Where a link-time address lies in the file. */
static bool find_offset(const struct reader *reader, uint64_t address, uint64_t *offset)
{
	for (size_t i = 0; i < reader->header_count; i++) {
		const Elf64_Phdr *header = &reader->headers[i];

		if (header->p_type != PT_LOAD || address < header->p_vaddr ||
		    address - header->p_vaddr >= header->p_filesz)
			continue;
		return !__builtin_add_overflow(header->p_offset, address - header->p_vaddr, offset);
	}
	return false;
}

static bool is_sanitizer(const char *name)
{
	for (size_t i = 0; i < sizeof(sanitizer_names) / sizeof(sanitizer_names[0]); i++)
		if (strncmp(name, sanitizer_names[i], strlen(sanitizer_names[i])) == 0)
			return true;
	return false;
}

/* A name that cannot be read is one we do not know: it never makes the file unusable. */
static void read_needed(const struct reader *reader, const Elf64_Dyn *entries, size_t count,
			struct elf_program *out)
{
	uint64_t strings = 0, offset, at;
	char name[NEEDED_NAME_MAX + 1];

	for (size_t i = 0; i < count && entries[i].d_tag != DT_NULL; i++)
		if (entries[i].d_tag == DT_STRTAB)
			strings = entries[i].d_un.d_ptr;
	if (!find_offset(reader, strings, &offset))
		return;
	for (size_t i = 0; i < count && entries[i].d_tag != DT_NULL; i++) {
		if (entries[i].d_tag != DT_NEEDED ||
		    __builtin_add_overflow(offset, entries[i].d_un.d_val, &at))
			continue;
		(void)memset(name, 0, sizeof(name));
		if (at > INT64_MAX || pread(reader->fd, name, NEEDED_NAME_MAX, (off_t)at) <= 0)
			continue;
		out->has_sanitizer |= is_sanitizer(name);
		out->has_cxx |= strcmp(name, ELF_PROGRAM_CXX) == 0;
	}
}

static int read_dynamic(const struct reader *reader, const Elf64_Phdr *header,
			struct elf_program *out)
{
	size_t count = header->p_filesz / sizeof(Elf64_Dyn);
	Elf64_Dyn *entries;
	int ret;

	out->has_dynamic = true;
	if (header->p_filesz > DYNAMIC_BYTES_MAX)
		return -EBADMSG;
	if (count == 0)
		return 0;
	entries = calloc(count, sizeof(*entries));
	if (entries == NULL)
		return -ENOMEM;
	ret = read_exactly(reader->fd, entries, count * sizeof(*entries), header->p_offset);
	if (ret != 0)
		goto out;
	for (size_t i = 0; i < count && entries[i].d_tag != DT_NULL; i++)
		out->has_soname |= entries[i].d_tag == DT_SONAME;
	read_needed(reader, entries, count, out);
out:
	free(entries);
	return ret;
}

static int read_loader(const struct reader *reader, const Elf64_Phdr *header,
		       struct elf_program *out)
{
	int ret;

	out->has_loader = true;
	if (header->p_filesz < 2 || header->p_filesz > sizeof(out->loader))
		return -EBADMSG;
	ret = read_exactly(reader->fd, out->loader, header->p_filesz, header->p_offset);
	if (ret != 0)
		return ret;
	return out->loader[header->p_filesz - 1] == '\0' ? 0 : -EBADMSG;
}

static int read_headers(int fd, const Elf64_Ehdr *file, struct elf_program *out)
{
	size_t bytes = (size_t)file->e_phnum * sizeof(Elf64_Phdr);
	struct reader reader = {.fd = fd, .header_count = file->e_phnum};
	Elf64_Phdr *headers;
	int ret;

	if (file->e_phnum == 0)
		return 0;
	if (file->e_phentsize != sizeof(Elf64_Phdr) || bytes > HEADERS_BYTES_MAX)
		return -EBADMSG;
	headers = malloc(bytes);
	if (headers == NULL)
		return -ENOMEM;
	reader.headers = headers;
	ret = read_exactly(fd, headers, bytes, file->e_phoff);
	for (size_t i = 0; ret == 0 && i < reader.header_count; i++) {
		if (headers[i].p_type == PT_INTERP)
			ret = read_loader(&reader, &headers[i], out);
		else if (headers[i].p_type == PT_DYNAMIC)
			ret = read_dynamic(&reader, &headers[i], out);
	}
	free(headers);
	return ret;
}

int elf_program_read(int fd, struct elf_program *out)
{
	unsigned char ident[EI_NIDENT];
	Elf64_Ehdr file;
	int ret;

	*out = (struct elf_program){0};
	ret = read_exactly(fd, ident, SELFMAG, 0);
	if (ret == -EBADMSG || (ret == 0 && memcmp(ident, ELFMAG, SELFMAG) != 0))
		return -ENOEXEC;
	if (ret != 0)
		return ret;
	/* e_type and e_machine lie at the same place in both classes */
	ret = read_exactly(fd, &file, sizeof(Elf32_Ehdr), 0);
	if (ret != 0)
		return ret;
	if (file.e_ident[EI_CLASS] != ELFCLASS32 && file.e_ident[EI_CLASS] != ELFCLASS64)
		return -EBADMSG;
	out->class_bits = file.e_ident[EI_CLASS] == ELFCLASS64 ? 64 : 32;
	out->is_little_endian = file.e_ident[EI_DATA] == ELFDATA2LSB;
	out->type = file.e_type;
	out->machine = file.e_machine;
	if (out->class_bits != 64 || !out->is_little_endian)
		return 0;
	ret = read_exactly(fd, &file, sizeof(file), 0);
	return ret != 0 ? ret : read_headers(fd, &file, out);
}
