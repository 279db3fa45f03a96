/* SPDX-License-Identifier: Apache-2.0 */
/*
 * check_module_table.c - addresses belong to the modules that the loader lists, and no longer once those
 * are unloaded.
 */
#define _GNU_SOURCE
#include "module_table.h"

#include <dlfcn.h>
#include <link.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/auxv.h>
#include <unistd.h>

#include "trace_file.h"
#include "unit.h"
#include "unwind.h"
#include "unwind_rule.h"

static char directory[] = "/tmp/check_module_table.XXXXXX";
static char path[sizeof(directory) + 16];

static void start(void)
{
	unwind_init();
	ck_assert_ptr_nonnull(mkdtemp(directory));
	snprintf(path, sizeof(path), "%s/trace.snap", directory);
	ck_assert_int_eq(trace_file_create(path, false), 0);
}

static void finish(void)
{
	unlink(path);
	rmdir(directory);
}

static uint64_t address_of(const void *pointer)
{
	return (uint64_t)(uintptr_t)pointer;
}

static const struct mt_module *record_of(const struct module_info *info)
{
	uint32_t record = module_table_record(info);

	ck_assert_uint_ne(record, MT_MODULE_NONE);
	return trace_file_entry(TRACE_MODULES, record);
}

static const char *path_of(const struct mt_module *module)
{
	return trace_file_entry(TRACE_STRINGS, module->path);
}

static int compare_listed(struct dl_phdr_info *listed, size_t size, void *data)
{
	unsigned *count = data, i;
	struct module_info info;

	(void)size;
	if (listed->dlpi_addr == getauxval(AT_SYSINFO_EHDR))
		return 0;
	for (i = 0; i < listed->dlpi_phnum; i++) {
		const ElfW(Phdr) *header = &listed->dlpi_phdr[i];
		uint64_t start = listed->dlpi_addr + header->p_vaddr;

		if (header->p_type == PT_GNU_EH_FRAME) {
			ck_assert(module_table_find(start, &info));
			ck_assert_uint_eq(info.bias, listed->dlpi_addr);
			ck_assert_uint_eq(info.eh_frame_hdr, start);
			ck_assert(info.data_start <= start && start < info.data_end);
			++*count;
		}
		if (header->p_type == PT_LOAD && (header->p_flags & PF_X) != 0) {
			ck_assert(module_table_find(start, &info));
			ck_assert(info.text_start <= start && start < info.text_end);
		}
	}
	return 0;
}

START_TEST(every_listed_module_is_found_with_its_tables)
{
	unsigned count = 0;

	dl_iterate_phdr(compare_listed, &count);
	ck_assert_uint_ge(count, 3);
}
END_TEST

START_TEST(address_of_no_module_is_not_found)
{
	struct module_info info;
	int local;
	void *heap = malloc(100);

	ck_assert(!module_table_find(address_of(&local), &info));
	ck_assert(!module_table_find(address_of(heap), &info));
	ck_assert(!module_table_find(0, &info));
	ck_assert(!module_table_find(UINT64_MAX, &info));
	free(heap);
}
END_TEST

START_TEST(executable_and_vdso_have_names_of_their_own)
{
	const struct mt_module *module;
	struct module_info info;
	char expected[4096] = "";

	ck_assert(readlink("/proc/self/exe", expected, sizeof(expected) - 1) > 0);
	ck_assert(module_table_find(address_of(start), &info));
	module = record_of(&info);
	ck_assert_str_eq(path_of(module), expected);
	ck_assert_uint_eq(module->flags, MT_MODULE_MAIN | MT_MODULE_SELF);
	ck_assert(module_table_find(getauxval(AT_SYSINFO_EHDR), &info));
	module = record_of(&info);
	ck_assert_str_eq(path_of(module), "[vdso]");
	ck_assert_uint_gt(module->build_id_bytes, 0);
}
END_TEST

/* The linker puts it far away from everything else: the loader treats each segment as a thing of its own. */
static __attribute__((section("far_text"), noinline)) int far_function(int value)
{
	return value + 1;
}

START_TEST(executable_with_a_hole_is_one_module)
{
	struct module_info near, far;

	ck_assert_uint_gt(address_of(far_function), address_of(start) + (1u << 24));
	ck_assert_int_eq(far_function(1), 2);
	ck_assert(module_table_find(address_of(far_function), &far));
	ck_assert(module_table_find(address_of(start), &near));
	ck_assert_uint_eq(near.slot, far.slot);
	ck_assert_uint_ne(near.eh_frame_hdr, 0);
	ck_assert_uint_lt(near.start, address_of(start));
	ck_assert_uint_gt(near.end, address_of(far_function));
}
END_TEST

START_TEST(address_in_the_hole_is_no_code)
{
	struct module_info info;
	uint64_t hole = address_of(far_function) - (1u << 20);

	/* the loader knows nothing of it, but once the module is known it lies inside */
	ck_assert(module_table_find(address_of(start), &info));
	ck_assert(module_table_find(hole, &info));
	ck_assert(info.text_start < hole && hole < info.text_end);
	ck_assert_int_eq(rule_kind(rule_compile(&info, hole)), RULE_NO_CODE);
}
END_TEST

static void *open_plugin(const char *file, uint64_t *address)
{
	void *handle = dlopen(file, RTLD_NOW | RTLD_LOCAL);

	ck_assert_msg(handle != NULL, "%s", dlerror());
	*address = address_of(dlsym(handle, "plugin_number"));
	return handle;
}

static void close_plugin(void *handle)
{
	ck_assert_int_eq(dlclose(handle), 0);
	module_table_note_unload();
}

START_TEST(unloaded_module_is_forgotten)
{
	uint16_t generation;
	struct module_info info;
	const struct mt_module *module;
	uint64_t address;
	void *handle = open_plugin(PLUGIN_A, &address);

	ck_assert(module_table_find(address, &info));
	module = record_of(&info);
	ck_assert_uint_eq(module->unload_ns, 0);
	generation = module_table_generation();
	module_table_note_unload();
	ck_assert_uint_eq(module_table_generation(), generation);
	ck_assert(module_table_find(address, &info));

	close_plugin(handle);
	ck_assert_uint_ne(module_table_generation(), generation);
	ck_assert(!module_table_find(address, &info));
	ck_assert_uint_ne(module->unload_ns, 0);
}
END_TEST

START_TEST(another_module_at_the_same_address_has_another_record)
{
	uint64_t address_a, address_b;
	struct module_info info;
	const struct mt_module *a, *b;
	void *handle = open_plugin(PLUGIN_A, &address_a);

	ck_assert(module_table_find(address_a, &info));
	a = record_of(&info);
	close_plugin(handle);
	handle = open_plugin(PLUGIN_B, &address_b);
	ck_assert_uint_eq(address_a, address_b); /* else this tests nothing */
	ck_assert(module_table_find(address_b, &info));
	b = record_of(&info);
	ck_assert_ptr_ne(a, b);
	ck_assert_uint_eq(a->build_id_bytes, 20);
	ck_assert_int_ne(memcmp(a->build_id, b->build_id, 20), 0);
	ck_assert_str_eq(path_of(b), PLUGIN_B);
	close_plugin(handle);
}
END_TEST

START_TEST(loading_again_takes_neither_slots_nor_records)
{
	const struct mt_module *first = NULL, *again;
	struct module_info info;
	uint32_t slot = 0, count = 0;
	unsigned i;

	for (i = 0; i < 1000; i++) {
		uint64_t address;
		void *handle = open_plugin(PLUGIN_A, &address);

		ck_assert(module_table_find(address, &info));
		again = record_of(&info);
		if (first == NULL) {
			first = again;
			slot = info.slot;
			count = trace_file_count(TRACE_MODULES);
		}
		ck_assert_ptr_eq(again, first);
		ck_assert_uint_eq(again->unload_ns, 0);
		ck_assert_uint_eq(info.slot, slot);
		close_plugin(handle);
	}
	ck_assert_uint_eq(trace_file_count(TRACE_MODULES), count);
}
END_TEST

/* Registers that a plugin's callback is in, and what the walk says of the plugin's frame. */
struct visit {
	struct unwind_bounds bounds;
	uint64_t frame_address;
	uint32_t location;
};

static int visit_plugin(void *data)
{
	struct visit *visit = data;
	struct unwind_regs regs;
	struct unwind_cursor cursor;

	unwind_regs_capture(&regs);
	unwind_begin(&cursor, &regs, &visit->bounds);
	(void)unwind_next(&cursor);
	ck_assert_int_eq(unwind_next(&cursor), UNWIND_FRAME);
	visit->frame_address = cursor.frame_address;
	visit->location = unwind_location(&cursor);
	unwind_set_location(&cursor, 77);
	return 0;
}

static void visit_through(const char *file, struct visit *visit)
{
	uint64_t address;
	void *handle = open_plugin(file, &address);
	int (*call)(int (*)(void *), void *);

	*(void **)(void *)&call = dlsym(handle, "plugin_call");
	ck_assert_int_ge(call(visit_plugin, visit), 0);
	ck_assert_int_eq(dlclose(handle), 0);
	module_table_note_unload();
}

START_TEST(location_of_an_unloaded_module_is_not_found_again)
{
	struct visit a = {{0, 0}, 0, 0}, b = {{0, 0}, 0, 0};

	visit_through(PLUGIN_A, &a);
	visit_through(PLUGIN_B, &b);
	ck_assert_uint_eq(a.frame_address, b.frame_address); /* else this tests nothing */
	ck_assert_uint_eq(a.location, 0);
	ck_assert_uint_eq(b.location, 0);
}
END_TEST

struct finder {
	pthread_barrier_t *barrier;
	struct module_info info;
	bool is_found;
};

static void *find_from_thread(void *data)
{
	struct finder *finder = data;

	pthread_barrier_wait(finder->barrier);
	finder->is_found = module_table_find(address_of(pthread_barrier_wait), &finder->info);
	return NULL;
}

START_TEST(threads_that_find_a_module_together_see_the_same)
{
	struct finder finders[8];
	pthread_t threads[8];
	pthread_barrier_t barrier;
	unsigned i;

	pthread_barrier_init(&barrier, NULL, 8);
	for (i = 0; i < 8; i++) {
		finders[i].barrier = &barrier;
		ck_assert_int_eq(pthread_create(&threads[i], NULL, find_from_thread, &finders[i]),
				 0);
	}
	for (i = 0; i < 8; i++) {
		ck_assert_int_eq(pthread_join(threads[i], NULL), 0);
		ck_assert(finders[i].is_found);
		ck_assert_uint_eq(finders[i].info.start, finders[0].info.start);
		ck_assert_uint_eq(finders[i].info.end, finders[0].info.end);
		ck_assert_uint_eq(finders[i].info.bias, finders[0].info.bias);
		ck_assert_uint_eq(finders[i].info.eh_frame_hdr, finders[0].info.eh_frame_hdr);
	}
}
END_TEST

Suite *unit_suite(void)
{
	Suite *suite = suite_create("module_table");
	TCase *tests = tcase_create("modules");

	tcase_add_checked_fixture(tests, start, finish);
	tcase_add_test(tests, every_listed_module_is_found_with_its_tables);
	tcase_add_test(tests, address_of_no_module_is_not_found);
	tcase_add_test(tests, executable_and_vdso_have_names_of_their_own);
	tcase_add_test(tests, executable_with_a_hole_is_one_module);
	tcase_add_test(tests, address_in_the_hole_is_no_code);
	tcase_add_test(tests, unloaded_module_is_forgotten);
	tcase_add_test(tests, another_module_at_the_same_address_has_another_record);
	tcase_add_test(tests, loading_again_takes_neither_slots_nor_records);
	tcase_add_test(tests, location_of_an_unloaded_module_is_not_found_again);
	tcase_add_test(tests, threads_that_find_a_module_together_see_the_same);
	suite_add_tcase(suite, tests);
	return suite;
}
