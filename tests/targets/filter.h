/* SPDX-License-Identifier: Apache-2.0 */
/*
 * filter.h - seccomp filters made of a list of system calls, for targets that confine themselves.
 */
#ifndef FILTER_H
#define FILTER_H

#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stddef.h>
#include <sys/prctl.h>
#include <sys/syscall.h>

#include "truth.h"

#define FILTER_LIST_MAX 128

/* The answer for the calls of a list, and for all others. */
struct filter_rule {
	unsigned listed, others;
};

static inline size_t filter_make(struct sock_filter *code, const int *list, size_t count,
				 struct filter_rule rule)
{
	size_t used = 0;

	code[used++] = (struct sock_filter)BPF_STMT(BPF_LD | BPF_W | BPF_ABS,
						    offsetof(struct seccomp_data, nr));
	for (size_t i = 0; i < count; i++) {
		code[used++] = (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K,
							    (unsigned)list[i], 0, 1);
		code[used++] = (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, rule.listed);
	}
	code[used++] = (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, rule.others);
	return used;
}

/* Overwritten by the next one. */
static inline struct sock_fprog filter_program(const int *list, size_t count,
					       struct filter_rule rule)
{
	static struct sock_filter code[2 * FILTER_LIST_MAX + 2];
	struct sock_fprog program = {.filter = code};

	truth_require(count <= FILTER_LIST_MAX, "too long a list");
	program.len = (unsigned short)filter_make(code, list, count, rule);
	return program;
}

/* By seccomp(2) or by prctl(2). */
static inline void filter_install(const int *list, size_t count, struct filter_rule rule,
				  int is_by_prctl)
{
	struct sock_fprog program = filter_program(list, count, rule);

	truth_require(prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0, "no_new_privs");
	truth_require((is_by_prctl
			       ? prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program)
			       : syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, 0, &program)) == 0,
		      "seccomp");
}

#endif
