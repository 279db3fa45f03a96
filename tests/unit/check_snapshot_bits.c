/* SPDX-License-Identifier: Apache-2.0 */
/*
 * check_snapshot_bits.c - flipped bits and truncations: a snapshot is refused for each with one clear line, a
 * live file leads nobody astray.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "snapshot_case.h"
#include "unit.h"

#define RANDOM_FLIPS 10000

static unsigned char *example_image(uint16_t kind, size_t *bytes)
{
	struct file_builder builder;
	unsigned char *image;

	file_builder_example(&builder, kind);
	image = file_builder_image(&builder, bytes);
	file_builder_fini(&builder);
	return image;
}

/* One line that names the file; no result. */
static void check_refused(const struct input *input, const char *what, size_t where)
{
	struct snapshot *snapshot = NULL;
	struct error error = {""};
	int result = snapshot_load_input(input, "case.snap", false, &snapshot, &error);

	ck_assert_msg(result == -EBADMSG, "%s %zu: result %d", what, where, result);
	ck_assert_ptr_null(snapshot);
	ck_assert_msg(strncmp(error.text, "case.snap: ", 11) == 0 &&
			      strchr(error.text, '\n') == NULL,
		      "%s %zu: \"%s\"", what, where, error.text);
}

/* Loads and frees; either result will do as long as a failure says why. */
static void check_survived(const struct input *input)
{
	struct snapshot *snapshot = NULL;
	struct error error = {""};
	int result = snapshot_load_input(input, "case.snap", false, &snapshot, &error);

	ck_assert(result == 0 || result == -EBADMSG);
	ck_assert((result == 0) == (snapshot != NULL));
	ck_assert((result == 0) == (error.text[0] == '\0'));
	snapshot_free(snapshot);
}

static void flip(const struct input *input, unsigned char *image, size_t bit)
{
	image[bit / 8] ^= (unsigned char)(1u << (bit % 8));
	ck_assert_int_eq(pwrite(input->fd, image + bit / 8, 1, (off_t)(bit / 8)), 1);
}

START_TEST(every_bit_of_a_snapshot_counts)
{
	size_t bytes;
	unsigned char *image = example_image(MT_KIND_SNAPSHOT, &bytes);
	struct input input = case_input(image, bytes);

	for (size_t bit = 0; bit < bytes * 8; bit++) {
		flip(&input, image, bit);
		check_refused(&input, "bit", bit);
		flip(&input, image, bit);
	}
	input_close(&input);
	free(image);
}
END_TEST

START_TEST(several_flipped_bits_of_a_snapshot_are_refused)
{
	size_t bytes;
	unsigned char *image = example_image(MT_KIND_SNAPSHOT, &bytes);
	struct input input = case_input(image, bytes);

	srandom(1);
	for (size_t i = 0; i < RANDOM_FLIPS; i++) {
		size_t bits[3];
		size_t count = 2 + i % 2;

		for (size_t k = 0; k < count; k++) {
			bits[k] = (bytes * 8 / count) * k + (size_t)random() % (bytes * 8 / count);
			flip(&input, image, bits[k]);
		}
		check_refused(&input, "random flips", i);
		for (size_t k = 0; k < count; k++)
			flip(&input, image, bits[k]);
	}
	input_close(&input);
	free(image);
}
END_TEST

START_TEST(every_truncation_of_a_snapshot_is_refused)
{
	size_t bytes;
	unsigned char *image = example_image(MT_KIND_SNAPSHOT, &bytes);
	struct input input = case_input(image, bytes);

	while (bytes-- > 0) {
		ck_assert_int_eq(ftruncate(input.fd, (off_t)bytes), 0);
		check_refused(&input, "length", bytes);
	}
	input_close(&input);
	free(image);
}
END_TEST

START_TEST(a_longer_snapshot_is_refused)
{
	size_t bytes;
	unsigned char *image = example_image(MT_KIND_SNAPSHOT, &bytes);
	struct input input = case_input(image, bytes);

	for (size_t more = 1; more <= 4096; more += 455) {
		ck_assert_int_eq(ftruncate(input.fd, (off_t)(bytes + more)), 0);
		check_refused(&input, "appended zeros", more);
	}
	input_close(&input);
	free(image);
}
END_TEST

START_TEST(every_truncation_of_a_live_file_is_refused)
{
	size_t bytes;
	unsigned char *image = example_image(MT_KIND_LIVE, &bytes);
	struct input input = case_input(image, bytes);

	while (bytes-- > 0) {
		ck_assert_int_eq(ftruncate(input.fd, (off_t)bytes), 0);
		check_refused(&input, "length", bytes);
	}
	input_close(&input);
	free(image);
}
END_TEST

START_TEST(every_flipped_bit_of_a_live_file_is_survived)
{
	size_t bytes;
	unsigned char *image = example_image(MT_KIND_LIVE, &bytes);
	struct input input = case_input(image, bytes);

	for (size_t bit = 0; bit < bytes * 8; bit++) {
		flip(&input, image, bit);
		check_survived(&input);
		flip(&input, image, bit);
	}
	input_close(&input);
	free(image);
}
END_TEST

START_TEST(every_word_of_a_live_file_may_be_huge)
{
	static const uint64_t words[] = {UINT64_MAX, INT64_MAX,		UINT64_C(1) << 63,
					 UINT32_MAX, UINT64_C(1) << 40, 0};
	size_t bytes;
	unsigned char *image = example_image(MT_KIND_LIVE, &bytes);
	struct input input = case_input(image, bytes);

	for (size_t at = 0; at + 8 <= bytes; at += 4) {
		for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
			ck_assert_int_eq(pwrite(input.fd, &words[i], 8, (off_t)at), 8);
			check_survived(&input);
		}
		ck_assert_int_eq(pwrite(input.fd, image + at, 8, (off_t)at), 8);
	}
	input_close(&input);
	free(image);
}
END_TEST

Suite *unit_suite(void)
{
	Suite *suite = suite_create("snapshot_bits");
	TCase *snapshot = tcase_create("snapshot"), *live = tcase_create("live");

	tcase_set_timeout(snapshot, 120);
	tcase_add_test(snapshot, every_bit_of_a_snapshot_counts);
	tcase_add_test(snapshot, several_flipped_bits_of_a_snapshot_are_refused);
	tcase_add_test(snapshot, every_truncation_of_a_snapshot_is_refused);
	tcase_add_test(snapshot, a_longer_snapshot_is_refused);
	suite_add_tcase(suite, snapshot);
	tcase_set_timeout(live, 120);
	tcase_add_test(live, every_truncation_of_a_live_file_is_refused);
	tcase_add_test(live, every_flipped_bit_of_a_live_file_is_survived);
	tcase_add_test(live, every_word_of_a_live_file_may_be_huge);
	suite_add_tcase(suite, live);
	return suite;
}
