/* SPDX-License-Identifier: Apache-2.0 */
/*
 * check_executable.c - files that a preload cannot reach are told from those that it can.
 */
#define _GNU_SOURCE
#include <elf.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "model/executable.h"
#include "unit.h"

static char folder[] = "/tmp/check_executable.XXXXXX";
static char path[PATH_MAX];
static struct error error;

/* A small program file: headers only, which is all that is looked at. */
struct image {
	Elf64_Ehdr file;
	Elf64_Phdr headers[3];
	char loader[64];
	Elf64_Dyn dynamic[4];
	char strings[64];
};

static struct image good_image(void)
{
	struct image image = {
		.file = {.e_type = ET_DYN,
			 .e_machine = EM_X86_64,
			 .e_version = EV_CURRENT,
			 .e_phoff = offsetof(struct image, headers),
			 .e_phentsize = sizeof(Elf64_Phdr),
			 .e_phnum = 3},
		.headers = {{.p_type = PT_LOAD, .p_filesz = sizeof(struct image)},
			    {.p_type = PT_INTERP,
			     .p_offset = offsetof(struct image, loader),
			     .p_filesz = sizeof("/bin/sh")},
			    {.p_type = PT_DYNAMIC,
			     .p_offset = offsetof(struct image, dynamic),
			     .p_filesz = sizeof(image.dynamic)}},
		.loader = "/bin/sh",
		.dynamic = {{DT_STRTAB, {offsetof(struct image, strings)}}, {DT_NEEDED, {1}}},
		.strings = "\0libc.so.6",
	};

	(void)memcpy(image.file.e_ident, ELFMAG, SELFMAG);
	image.file.e_ident[EI_CLASS] = ELFCLASS64;
	image.file.e_ident[EI_DATA] = ELFDATA2LSB;
	image.file.e_ident[EI_VERSION] = EV_CURRENT;
#if defined(__aarch64__)
	image.file.e_machine = EM_AARCH64;
#endif
	return image;
}

static void put(const char *name, const void *bytes, size_t count, mode_t mode)
{
	int fd;

	(void)snprintf(path, sizeof(path), "%s/%s", folder, name);
	(void)unlink(path);
	fd = open(path, O_WRONLY | O_CREAT | O_EXCL, 0700);
	ck_assert_int_ge(fd, 0);
	ck_assert_int_eq(write(fd, bytes, count), (ssize_t)count);
	ck_assert_int_eq(fchmod(fd, mode), 0);
	ck_assert_int_eq(close(fd), 0);
}

static void put_text(const char *name, const char *text)
{
	put(name, text, strlen(text), 0755);
}

static enum executable_obstacle check_image(const struct image *image)
{
	put("image", image, sizeof(*image), 0755);
	error.text[0] = '\0';
	return executable_check(path, &error);
}

static enum executable_obstacle check_text(const char *text)
{
	put_text("text", text);
	error.text[0] = '\0';
	return executable_check(path, &error);
}

static void make_folder(void)
{
	(void)strcpy(folder + strlen(folder) - 6, "XXXXXX");
	ck_assert_ptr_nonnull(mkdtemp(folder));
	ck_assert_int_eq(chmod(folder, 0755), 0);
}

static void remove_folder(void)
{
	static const char *const names[] = {"image",  "text",	"tool", "inner",
					    "a/tool", "b/tool", "a",	"b"};

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		(void)snprintf(path, sizeof(path), "%s/%s", folder, names[i]);
		if (unlink(path) != 0)
			(void)rmdir(path);
	}
	(void)rmdir(folder);
}

START_TEST(dynamic_program_is_fine)
{
	struct image image = good_image();

	ck_assert_int_eq(check_image(&image), EXECUTABLE_FINE);
	image.file.e_type = ET_EXEC;
	ck_assert_int_eq(check_image(&image), EXECUTABLE_FINE);
}
END_TEST

START_TEST(shell_is_fine)
{
	ck_assert_int_eq(executable_check("/bin/sh", &error), EXECUTABLE_FINE);
}
END_TEST

START_TEST(program_without_loader_is_static)
{
	struct image image = good_image();

	image.headers[1].p_type = PT_NOTE;
	image.file.e_type = ET_EXEC;
	ck_assert_int_eq(check_image(&image), EXECUTABLE_STATIC);
	ck_assert_ptr_nonnull(strstr(error.text, "statically linked"));
	image.file.e_type = ET_DYN;
	ck_assert_int_eq(check_image(&image), EXECUTABLE_STATIC);
	ck_assert_ptr_nonnull(strstr(error.text, "static-PIE"));
}
END_TEST

START_TEST(loader_itself_is_fine)
{
	struct image image = good_image();

	image.headers[1].p_type = PT_NOTE;
	image.dynamic[1].d_tag = DT_SONAME;
	ck_assert_int_eq(check_image(&image), EXECUTABLE_FINE);
}
END_TEST

START_TEST(other_machines_are_named)
{
	struct image image = good_image();

	image.file.e_machine = EM_RISCV;
	ck_assert_int_eq(check_image(&image), EXECUTABLE_OTHER_MACHINE);
	ck_assert_ptr_nonnull(strstr(error.text, "RISC-V"));
	image.file.e_machine = EM_386;
	image.file.e_ident[EI_CLASS] = ELFCLASS32;
	ck_assert_int_eq(check_image(&image), EXECUTABLE_OTHER_MACHINE);
	ck_assert_ptr_nonnull(strstr(error.text, "32-bit x86"));
}
END_TEST

START_TEST(musl_is_refused_even_where_it_is_installed)
{
	struct image image = good_image();

	(void)strcpy(image.loader, "/lib/ld-musl-x86_64.so.1");
	image.headers[1].p_filesz = strlen(image.loader) + 1;
	ck_assert_int_eq(check_image(&image), EXECUTABLE_OTHER_LIBC);
	ck_assert_ptr_nonnull(strstr(error.text, "musl"));
}
END_TEST

START_TEST(missing_loader_is_named)
{
	struct image image = good_image();

	(void)strcpy(image.loader, "/nowhere/ld.so");
	image.headers[1].p_filesz = strlen(image.loader) + 1;
	ck_assert_int_eq(check_image(&image), EXECUTABLE_NO_LOADER);
	ck_assert_ptr_nonnull(strstr(error.text, "/nowhere/ld.so"));
}
END_TEST

START_TEST(sanitizer_runtime_is_refused)
{
	struct image image = good_image();

	(void)strcpy(image.strings + 1, "libasan.so.8");
	ck_assert_int_eq(check_image(&image), EXECUTABLE_SANITIZED);
	(void)strcpy(image.strings + 1, "libasana.so.8");
	ck_assert_int_eq(check_image(&image), EXECUTABLE_FINE);
}
END_TEST

START_TEST(object_file_is_no_program)
{
	struct image image = good_image();

	image.file.e_type = ET_REL;
	ck_assert_int_eq(check_image(&image), EXECUTABLE_MALFORMED);
}
END_TEST

START_TEST(image_cut_anywhere_is_never_fine)
{
	struct image image = good_image();
	size_t needed = offsetof(struct image, strings);

	for (size_t bytes = SELFMAG; bytes < needed; bytes++) {
		put("image", &image, bytes, 0755);
		ck_assert_int_ne(executable_check(path, &error), EXECUTABLE_FINE);
	}
}
END_TEST

START_TEST(wild_header_fields_are_survived)
{
	static const uint64_t wild[] = {0,	   1,	       0x7fff,	       UINT32_MAX,
					INT64_MAX, UINT64_MAX, UINT64_MAX - 55};

	for (size_t i = 0; i < sizeof(wild) / sizeof(wild[0]); i++)
		for (size_t at = 16; at + 8 <= sizeof(struct image); at += 4) {
			struct image image = good_image();

			(void)memcpy((char *)&image + at, &wild[i], 8);
			(void)check_image(&image);
		}
}
END_TEST

START_TEST(script_is_judged_by_its_interpreter)
{
	char line[PATH_MAX + 32];
	struct image image = good_image();

	ck_assert_int_eq(check_text("#!/bin/sh\nexit 0\n"), EXECUTABLE_FINE);
	ck_assert_int_eq(check_text("#! \t/bin/sh -e\n"), EXECUTABLE_FINE);
	ck_assert_int_eq(check_text("#!/nowhere/sh\n"), EXECUTABLE_NO_LOADER);
	ck_assert_ptr_nonnull(strstr(error.text, "/nowhere/sh"));
	image.headers[1].p_type = PT_NOTE;
	put("inner", &image, sizeof(image), 0755);
	(void)snprintf(line, sizeof(line), "#!%s\n", path);
	ck_assert_int_eq(check_text(line), EXECUTABLE_STATIC);
	ck_assert_ptr_nonnull(strstr(error.text, "/text: "));
	ck_assert_ptr_nonnull(strstr(error.text, "/inner: "));
}
END_TEST

START_TEST(script_through_env_is_judged_by_what_env_starts)
{
	struct image image = good_image();

	image.headers[1].p_type = PT_NOTE;
	put("tool", &image, sizeof(image), 0755);
	ck_assert_int_eq(setenv("PATH", folder, 1), 0);
	ck_assert_int_eq(check_text("#!/usr/bin/env tool\n"), EXECUTABLE_STATIC);
	ck_assert_int_eq(check_text("#!/usr/bin/env -S A=1 -u B tool -x\n"), EXECUTABLE_STATIC);
	ck_assert_int_eq(check_text("#!/usr/bin/env -S -i tool\n"), EXECUTABLE_STATIC);
	ck_assert_int_eq(check_text("#!/usr/bin/env nothing\n"), EXECUTABLE_NO_LOADER);
}
END_TEST

START_TEST(text_without_first_line_is_for_the_shell)
{
	ck_assert_int_eq(check_text("echo hello\n"), EXECUTABLE_FINE);
	ck_assert_int_eq(check_text(""), EXECUTABLE_FINE);
	put("text", "a\0b", 3, 0755);
	ck_assert_int_eq(executable_check(path, &error), EXECUTABLE_MALFORMED);
	ck_assert_int_eq(check_text("#!\n"), EXECUTABLE_MALFORMED);
}
END_TEST

START_TEST(script_that_is_its_own_interpreter_ends)
{
	char line[PATH_MAX + 32];

	(void)snprintf(line, sizeof(line), "#!%s/text\n", folder);
	ck_assert_int_eq(check_text(line), EXECUTABLE_MALFORMED);
}
END_TEST

START_TEST(name_is_searched_as_execvp_does)
{
	char search[PATH_MAX], found[PATH_MAX], expected[PATH_MAX];

	(void)snprintf(path, sizeof(path), "%s/a", folder);
	ck_assert_int_eq(mkdir(path, 0755), 0);
	(void)snprintf(path, sizeof(path), "%s/b", folder);
	ck_assert_int_eq(mkdir(path, 0755), 0);
	(void)snprintf(search, sizeof(search), "/nowhere:%s/a:%s/b", folder, folder);
	ck_assert_int_eq(setenv("PATH", search, 1), 0);

	ck_assert_int_eq(executable_find("tool", found, &error), EXECUTABLE_MISSING);
	put("a/tool", "x", 1, 0644);
	ck_assert_int_eq(executable_find("tool", found, &error), EXECUTABLE_NOT_EXECUTABLE);
	put("b/tool", "x", 1, 0755);
	ck_assert_int_eq(executable_find("tool", found, &error), EXECUTABLE_FINE);
	(void)snprintf(expected, sizeof(expected), "%s/b/tool", folder);
	ck_assert_str_eq(found, expected);
	ck_assert_int_eq(executable_find("./tool", found, &error), EXECUTABLE_MISSING);
	ck_assert_int_eq(executable_find("", found, &error), EXECUTABLE_MISSING);
	ck_assert_int_eq(executable_find(folder, found, &error), EXECUTABLE_NOT_EXECUTABLE);
}
END_TEST

START_TEST(setuid_matters_only_for_another_user)
{
	struct image image = good_image();
	bool is_root = getuid() == 0;

	put("image", &image, sizeof(image), 0755);
	ck_assert_int_eq(chmod(path, 04755), 0);
	ck_assert_int_eq(executable_check(path, &error), EXECUTABLE_FINE);
	if (!is_root)
		return;
	ck_assert_int_eq(chown(path, 12345, 0), 0);
	ck_assert_int_eq(chmod(path, 04755), 0);
	ck_assert_int_eq(executable_check(path, &error), EXECUTABLE_PRIVILEGED);
	ck_assert_int_eq(chown(path, 0, 12345), 0);
	ck_assert_int_eq(chmod(path, 02755), 0);
	ck_assert_int_eq(executable_check(path, &error), EXECUTABLE_PRIVILEGED);
	ck_assert_int_eq(chmod(path, 02745), 0);
	ck_assert_int_eq(executable_check(path, &error), EXECUTABLE_FINE);
}
END_TEST

static TCase *tests(void)
{
	TCase *tcase = tcase_create("executable");

	tcase_add_checked_fixture(tcase, make_folder, remove_folder);
	tcase_add_test(tcase, dynamic_program_is_fine);
	tcase_add_test(tcase, shell_is_fine);
	tcase_add_test(tcase, program_without_loader_is_static);
	tcase_add_test(tcase, loader_itself_is_fine);
	tcase_add_test(tcase, other_machines_are_named);
	tcase_add_test(tcase, musl_is_refused_even_where_it_is_installed);
	tcase_add_test(tcase, missing_loader_is_named);
	tcase_add_test(tcase, sanitizer_runtime_is_refused);
	tcase_add_test(tcase, object_file_is_no_program);
	tcase_add_test(tcase, image_cut_anywhere_is_never_fine);
	tcase_add_test(tcase, wild_header_fields_are_survived);
	tcase_add_test(tcase, script_is_judged_by_its_interpreter);
	tcase_add_test(tcase, script_through_env_is_judged_by_what_env_starts);
	tcase_add_test(tcase, text_without_first_line_is_for_the_shell);
	tcase_add_test(tcase, script_that_is_its_own_interpreter_ends);
	tcase_add_test(tcase, name_is_searched_as_execvp_does);
	tcase_add_test(tcase, setuid_matters_only_for_another_user);
	return tcase;
}

Suite *unit_suite(void)
{
	Suite *suite = suite_create("executable");

	suite_add_tcase(suite, tests());
	return suite;
}
