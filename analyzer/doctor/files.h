/* SPDX-License-Identifier: Apache-2.0 */
/*
 * files.h - a program and its libraries, each looked at once. Private to this folder.
 */
#ifndef DOCTOR_FILES_H
#define DOCTOR_FILES_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include "doctor/diagnosis.h"
#include "model/symbolize_survey.h"

struct doctor_file {
	char *path; /* as the process sees it */
	struct survey survey;
	dev_t device;
	ino_t inode;
	size_t loader; /* the file that asked for it */
};

struct doctor_files {
	struct doctor_file *files; /* the program first */
	size_t count;
};

/**
 * doctor_files_add() - look at a file and append it, unless it is there already.
 * @where: the name by which it can be opened here.
 *
 * Return: 0; -ENOENT; -ENOEXEC no ELF file; another negative errno.
 */
int doctor_files_add(struct doctor_files *files, const char *where, const char *path,
		     size_t loader);

/**
 * doctor_files_of_program() - with what is preloaded already and all libraries that its loader will load;
 * diagnoses tell of the preloaded and of the missing ones.
 */
int doctor_files_of_program(const char *path, struct doctor_files *files,
			    struct diagnoses *diagnoses);

/**
 * doctor_files_of_process() - what a process has mapped now.
 */
int doctor_files_of_process(pid_t pid, struct doctor_files *files, struct diagnoses *diagnoses);

/**
 * doctor_files_judge() - what their allocators, unwind information and symbols mean.
 */
void doctor_files_judge(const struct doctor_files *files, struct diagnoses *diagnoses);

void doctor_files_fini(struct doctor_files *files);

#endif
