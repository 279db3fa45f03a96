/* SPDX-License-Identifier: Apache-2.0 */
/*
 * diagnoses.c - what an examination has found, as text or as JSON.
 */
#include "render/diagnoses.h"

#include "base/json_writer.h"
#include "render/place_text.h"
#include "render/words.h"

static const struct {
	const char *word;
	const char *color; /* escape sequence */
} levels[DIAGNOSIS_LEVEL_COUNT] = {
	[DIAGNOSIS_OK] = {"ok", "\033[32m"},
	[DIAGNOSIS_NOTE] = {"note", "\033[36m"},
	[DIAGNOSIS_WARNING] = {"warning", "\033[33m"},
	[DIAGNOSIS_PROBLEM] = {"problem", "\033[31m"},
};

static void print_diagnosis(const struct diagnosis *diagnosis, bool has_color, FILE *out)
{
	(void)fprintf(out, "%s%-8s%s %-11s ", has_color ? levels[diagnosis->level].color : "",
		      levels[diagnosis->level].word, has_color ? "\033[0m" : "", diagnosis->check);
	place_put(out, diagnosis->text);
	(void)fputc('\n', out);
	if (diagnosis->advice != NULL && diagnosis->level > DIAGNOSIS_OK)
		(void)fprintf(out, "%20s -> %s\n", "", diagnosis->advice);
}

void diagnoses_print_text(const struct diagnoses *diagnoses, const char *subject, bool has_color,
			  FILE *out)
{
	size_t problem_count = diagnoses_count(diagnoses, DIAGNOSIS_PROBLEM);
	size_t warning_count = diagnoses_count(diagnoses, DIAGNOSIS_WARNING);

	for (size_t i = 0; i < diagnoses->count; i++)
		print_diagnosis(&diagnoses->rows[i], has_color, out);
	(void)fputc('\n', out);
	place_put(out, subject);
	if (problem_count > 0)
		(void)fprintf(out, ": cannot be traced as it is: %zu problem%s", problem_count,
			      problem_count == 1 ? "" : "s");
	else
		(void)fputs(": nothing prevents tracing", out);
	if (warning_count > 0)
		(void)fprintf(out, ", %zu warning%s", warning_count, warning_count == 1 ? "" : "s");
	(void)fputc('\n', out);
}

void diagnoses_print_json(const struct diagnoses *diagnoses, const char *subject, FILE *out)
{
	struct json_writer writer;

	json_begin(&writer, out);
	json_object(&writer, NULL);
	json_integer(&writer, "version", WORD_JSON_VERSION);
	json_text(&writer, "kind", "doctor");
	json_text(&writer, "subject", subject);
	json_bool(&writer, "traceable", diagnoses_count(diagnoses, DIAGNOSIS_PROBLEM) == 0);
	json_array(&writer, "findings");
	for (size_t i = 0; i < diagnoses->count; i++) {
		const struct diagnosis *diagnosis = &diagnoses->rows[i];

		json_flat_object(&writer, NULL);
		json_text(&writer, "level", levels[diagnosis->level].word);
		json_text(&writer, "check", diagnosis->check);
		json_text(&writer, "text", diagnosis->text);
		json_text(&writer, "advice", diagnosis->advice);
		json_object_end(&writer);
	}
	json_array_end(&writer);
	json_object_end(&writer);
	json_end(&writer);
}
