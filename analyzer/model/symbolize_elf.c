/* SPDX-License-Identifier: Apache-2.0 */
/*
 * symbolize_elf.c - opens ELF files; anything else is refused before a library looks at it.
 */
#include "model/symbolize_elf.h"

#include <elfutils/libdwelf.h>
#include <errno.h>
#include <fcntl.h>
#include <gelf.h>
#include <stdlib.h>
#include <string.h>
#include <sys/auxv.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zlib.h>

static int elf_file_finish(struct elf_file *file, const char *path, Elf *elf)
{
	const void *id = NULL;
	ssize_t id_bytes;

	file->elf = elf;
	file->path = strdup(path);
	if (!file->path)
		return -ENOMEM;
	if (!elf || elf_kind(elf) != ELF_K_ELF)
		return -ENOEXEC;
	id_bytes = dwelf_elf_gnu_build_id(elf, &id);
	if (id_bytes > 0)
		file->build_id = (struct build_id){id, (size_t)id_bytes};
	return 0;
}

static int elf_file_read(struct elf_file *file, const char *path)
{
	struct stat status;

	/* a FIFO in the place of a file must not keep us waiting */
	file->fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	if (file->fd < 0 || fstat(file->fd, &status) != 0)
		return -errno;
	if (!S_ISREG(status.st_mode))
		return -ENOEXEC;
	elf_version(EV_CURRENT);
	return elf_file_finish(file, path, elf_begin(file->fd, ELF_C_READ_MMAP, NULL));
}

int elf_file_open(const char *path, struct elf_file **out)
{
	struct elf_file *file = calloc(1, sizeof(*file));
	int status;

	if (!file)
		return -ENOMEM;
	status = elf_file_read(file, path);
	if (status != 0)
		elf_file_close(file);
	else
		*out = file;
	return status;
}

struct elf_file *elf_file_open_checked(char *path, struct build_id id)
{
	struct elf_file *file = NULL;

	if (path && elf_file_open(path, &file) == 0 && !build_id_equal(file->build_id, id)) {
		elf_file_close(file);
		file = NULL;
	}
	free(path);
	return file;
}

int elf_file_open_vdso(struct elf_file **out)
{
	char *image = (char *)(uintptr_t)getauxval(
		AT_SYSINFO_EHDR); /* NOLINT(performance-no-int-to-ptr) */
	const Elf64_Ehdr *header = (const void *)image;
	struct elf_file *file;
	int status;

	if (!image || header->e_ident[EI_CLASS] != ELFCLASS64)
		return -ENOENT;
	file = calloc(1, sizeof(*file));
	if (!file)
		return -ENOMEM;
	file->fd = -1;
	elf_version(EV_CURRENT);
	/* the section headers are the last thing in the image */
	status = elf_file_finish(file, "[vdso]",
				 elf_memory(image, header->e_shoff + (size_t)header->e_shnum *
									     header->e_shentsize));
	if (status != 0)
		elf_file_close(file);
	else
		*out = file;
	return status;
}

void elf_file_close(struct elf_file *file)
{
	if (!file)
		return;
	if (file->elf)
		elf_end(file->elf);
	if (file->fd >= 0)
		close(file->fd);
	free(file->path);
	free(file);
}

bool elf_file_has_section(const struct elf_file *file, const char *name)
{
	size_t names_index;

	if (elf_getshdrstrndx(file->elf, &names_index) != 0)
		return false;
	for (Elf_Scn *section = NULL; (section = elf_nextscn(file->elf, section)) != NULL;) {
		GElf_Shdr header;
		const char *found;

		if (!gelf_getshdr(section, &header) || header.sh_type == SHT_NOBITS)
			continue;
		found = elf_strptr(file->elf, names_index, header.sh_name);
		if (found && strcmp(found, name) == 0)
			return true;
	}
	return false;
}

bool elf_file_has_crc(const struct elf_file *file, uint32_t crc)
{
	size_t bytes = 0;
	const char *image = elf_rawfile(file->elf, &bytes);

	return image && crc32_z(crc32_z(0, NULL, 0), (const Bytef *)image, bytes) == crc;
}

uint64_t elf_file_changed_ns(const struct elf_file *file)
{
	struct stat status;

	if (file->fd < 0 || fstat(file->fd, &status) != 0 || status.st_mtim.tv_sec < 0)
		return 0;
	return (uint64_t)status.st_mtim.tv_sec * 1000000000u + (uint64_t)status.st_mtim.tv_nsec;
}

bool build_id_equal(struct build_id a, struct build_id b)
{
	return a.bytes == b.bytes && (a.bytes == 0 || memcmp(a.data, b.data, a.bytes) == 0);
}

const char *build_id_text(struct build_id id, char text[static BUILD_ID_TEXT_BYTES])
{
	static const char digits[] = "0123456789abcdef";
	size_t length = 0;

	for (size_t i = 0; i < id.bytes && length + 2 < BUILD_ID_TEXT_BYTES; i++) {
		text[length++] = digits[id.data[i] >> 4];
		text[length++] = digits[id.data[i] & 15];
	}
	text[length] = '\0';
	return text;
}
