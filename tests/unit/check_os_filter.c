/* SPDX-License-Identifier: Apache-2.0 */
/*
 * check_os_filter.c - a seccomp filter is known for what it would answer, and shut kinds of calls are not made.
 */
#define _GNU_SOURCE
#include "os_filter.h"

#include <errno.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "os.h"
#include "os_gate.h"
#include "unit.h"

#define LENGTH(list) (sizeof(list) / sizeof((list)[0]))
#define ALLOW BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW)
#define REFUSE BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | EPERM)
#define KILL BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_KILL_PROCESS)
#define LOAD(field) BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, field))
#define IF(value, yes, no) BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, (value), (yes), (no))

static const struct seccomp_data madvise_call = {
	.nr = SYS_madvise,
	.arch = AUDIT_ARCH_X86_64,
	.args = {UINT64_C(0x7f0012345678), 8192, 23, 4, 5, 6},
};

START_TEST(a_filter_that_allows_all_refuses_nothing)
{
	static const struct sock_filter all[] = {ALLOW};

	ck_assert_uint_eq(os_filter_refuses(all, LENGTH(all)), 0);
}
END_TEST

START_TEST(a_filter_that_allows_nothing_refuses_every_kind)
{
	static const struct sock_filter none[] = {KILL};

	ck_assert_uint_eq(os_filter_refuses(none, LENGTH(none)), OS_ALL);
	ck_assert_uint_eq(os_filter_refuses(none, 0), OS_ALL);
}
END_TEST

START_TEST(one_number_is_one_kind)
{
	static const struct sock_filter no_mremap[] = {LOAD(nr), IF(SYS_mremap, 0, 1), REFUSE,
						       ALLOW};

	ck_assert_uint_eq(os_filter_refuses(no_mremap, LENGTH(no_mremap)), OS_BIT(OS_MREMAP));
}
END_TEST

START_TEST(advice_that_a_filter_does_not_know_is_a_kind_of_its_own)
{
	static const struct sock_filter old_advice[] = {
		LOAD(nr),      IF(SYS_madvise, 0, 3),
		LOAD(args[2]), BPF_JUMP(BPF_JMP | BPF_JGT | BPF_K, 16, 0, 1),
		KILL,	       ALLOW};

	ck_assert_uint_eq(os_filter_refuses(old_advice, LENGTH(old_advice)), OS_BIT(OS_POPULATE));
}
END_TEST

START_TEST(a_call_for_another_architecture_is_not_ours)
{
	static const struct sock_filter native[] = {LOAD(arch), IF(AUDIT_ARCH_X86_64, 1, 0), KILL,
						    ALLOW};

	ck_assert_uint_eq(os_filter_refuses(native, LENGTH(native)), 0);
}
END_TEST

START_TEST(what_is_only_logged_is_allowed_and_what_waits_for_another_is_not)
{
	static const struct sock_filter logged[] = {BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_LOG)};
	static const struct sock_filter traced[] = {BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_TRACE)};

	ck_assert_uint_eq(os_filter_refuses(logged, LENGTH(logged)), 0);
	ck_assert_uint_eq(os_filter_refuses(traced, LENGTH(traced)), OS_ALL);
}
END_TEST

/* Random programs of instructions that the kernel takes; they end with what they have computed. */
#define RANDOM_OPS 24

static struct sock_filter random_op(void)
{
	static const uint16_t codes[] = {BPF_LD | BPF_W | BPF_ABS,
					 BPF_LD | BPF_W | BPF_LEN,
					 BPF_LDX | BPF_W | BPF_LEN,
					 BPF_LD | BPF_IMM,
					 BPF_LDX | BPF_IMM,
					 BPF_MISC | BPF_TAX,
					 BPF_MISC | BPF_TXA,
					 BPF_ST,
					 BPF_STX,
					 BPF_ALU | BPF_ADD | BPF_K,
					 BPF_ALU | BPF_SUB | BPF_X,
					 BPF_ALU | BPF_MUL | BPF_K,
					 BPF_ALU | BPF_DIV | BPF_K,
					 BPF_ALU | BPF_AND | BPF_X,
					 BPF_ALU | BPF_OR | BPF_K,
					 BPF_ALU | BPF_XOR | BPF_X,
					 BPF_ALU | BPF_LSH | BPF_K,
					 BPF_ALU | BPF_RSH | BPF_K,
					 BPF_ALU | BPF_NEG,
					 BPF_JMP | BPF_JEQ | BPF_K,
					 BPF_JMP | BPF_JGT | BPF_X,
					 BPF_JMP | BPF_JGE | BPF_K,
					 BPF_JMP | BPF_JSET | BPF_X};
	struct sock_filter op = {.code = codes[(size_t)random() % LENGTH(codes)]};
	bool is_shift =
		op.code == (BPF_ALU | BPF_LSH | BPF_K) || op.code == (BPF_ALU | BPF_RSH | BPF_K);

	op.k = (uint32_t)random() % (op.code == BPF_ST || op.code == BPF_STX ? 1
				     : is_shift				     ? 32
									     : 100000);
	if (op.code == (BPF_LD | BPF_W | BPF_ABS))
		op.k = random() % 4 == 0 ? (uint32_t)random() % 2 * 4
					 : (uint32_t)(offsetof(struct seccomp_data, args) +
						      (size_t)random() % 12 *
							      4); /* not the caller's address */
	if (op.code == (BPF_ALU | BPF_DIV | BPF_K))
		op.k++;
	if (BPF_CLASS(op.code) == BPF_JMP) {
		op.jt = (uint8_t)(random() % 3);
		op.jf = (uint8_t)(random() % 3);
	}
	return op;
}

/* What the kernel answers, seen by a child that makes the call: its low 12 bits as an error. */
static int ask_kernel(struct sock_filter *code, size_t length, const struct seccomp_data *call)
{
	struct sock_fprog program = {.len = (unsigned short)length, .filter = code};
	int status;
	pid_t child = fork();

	ck_assert_int_ge(child, 0);
	if (child == 0) {
		prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
		if (prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program) != 0)
			_exit(200);
		errno = 0;
		(void)syscall(call->nr, call->args[0], call->args[1], call->args[2], call->args[3],
			      call->args[4], call->args[5]);
		_exit(errno);
	}
	ck_assert_int_eq(waitpid(child, &status, 0), child);
	ck_assert(WIFEXITED(status));
	return WEXITSTATUS(status);
}

START_TEST(the_kernel_computes_the_same)
{
	/* a number without a call: what comes back is the filter's error, 1 to 64 */
	struct seccomp_data call = madvise_call;
	uint32_t answers[65] = {0}, different = 0;

	call.nr = 1000;
	srandom(7);
	for (int round = 0; round < 300; round++) {
		struct sock_filter code[RANDOM_OPS + 12];
		size_t used = 0;

		code[used++] = (struct sock_filter)LOAD(nr);
		code[used++] = (struct sock_filter)IF((uint32_t)call.nr, 1, 0);
		code[used++] = (struct sock_filter)ALLOW;
		code[used++] =
			(struct sock_filter)BPF_STMT(BPF_ST, 0); /* the kernel wants it written */
		while (used < RANDOM_OPS)
			code[used++] = random_op();
		/* jumps of the last ones end here */
		code[used++] = (struct sock_filter)BPF_STMT(BPF_LDX | BPF_MEM, 0);
		code[used++] = (struct sock_filter)BPF_STMT(BPF_ALU | BPF_ADD | BPF_X, 0);
		code[used++] = (struct sock_filter)BPF_STMT(BPF_MISC | BPF_TAX, 0);
		code[used++] = (struct sock_filter)BPF_STMT(BPF_ALU | BPF_RSH | BPF_K, 6);
		code[used++] = (struct sock_filter)BPF_STMT(BPF_ALU | BPF_XOR | BPF_X, 0);
		code[used++] = (struct sock_filter)BPF_STMT(BPF_ALU | BPF_AND | BPF_K, 63);
		code[used++] = (struct sock_filter)BPF_STMT(BPF_ALU | BPF_ADD | BPF_K, 1);
		code[used++] =
			(struct sock_filter)BPF_STMT(BPF_ALU | BPF_OR | BPF_K, SECCOMP_RET_ERRNO);
		code[used++] = (struct sock_filter)BPF_STMT(BPF_RET | BPF_A, 0);
		ck_assert_int_eq(ask_kernel(code, used, &call),
				 (int)(os_filter_answer(code, used, &call) & SECCOMP_RET_DATA));
		answers[os_filter_answer(code, used, &call) & SECCOMP_RET_DATA]++;
	}
	for (size_t i = 0; i < LENGTH(answers); i++)
		different += answers[i] > 0;
	ck_assert_uint_gt(different, 10);
}
END_TEST

START_TEST(a_shut_kind_fails_and_the_others_go_on)
{
	uint64_t before = os_shut_also(OS_BIT(OS_GETTID));

	ck_assert_int_eq(os_gettid(), -EPERM);
	ck_assert_int_eq(os_getpid(), getpid());
	os_shut_back(before, OS_BIT(OS_GETTID));
	ck_assert_int_eq(os_gettid(), (int)syscall(SYS_gettid));
}
END_TEST

START_TEST(what_another_has_shut_meanwhile_stays_shut)
{
	uint64_t before = os_shut_also(OS_BIT(OS_GETTID));
	uint64_t second = os_shut_also(OS_BIT(OS_GETTID));

	os_shut_back(before, OS_BIT(OS_GETTID));
	ck_assert_int_eq(os_gettid(), -EPERM);
	os_shut_back(second, OS_BIT(OS_GETTID));
	ck_assert_int_eq(os_gettid(), -EPERM);
}
END_TEST

START_TEST(a_clock_that_is_shut_stands_still)
{
	uint64_t noted;

	os_clock_note();
	noted = os_monotonic_ns();
	(void)os_shut_also(OS_BIT(OS_CLOCK));
	ck_assert_uint_le(os_monotonic_ns(), noted);
	ck_assert_uint_gt(os_monotonic_ns(), 0);
	ck_assert_uint_eq(os_monotonic_ns(), os_monotonic_ns());
	ck_assert_uint_gt(os_realtime_ns(), os_monotonic_ns());
}
END_TEST

Suite *unit_suite(void)
{
	Suite *suite = suite_create("os_filter");
	TCase *answers = tcase_create("answers"), *gate = tcase_create("gate");

	tcase_add_test(answers, a_filter_that_allows_all_refuses_nothing);
	tcase_add_test(answers, a_filter_that_allows_nothing_refuses_every_kind);
	tcase_add_test(answers, one_number_is_one_kind);
	tcase_add_test(answers, advice_that_a_filter_does_not_know_is_a_kind_of_its_own);
	tcase_add_test(answers, a_call_for_another_architecture_is_not_ours);
	tcase_add_test(answers, what_is_only_logged_is_allowed_and_what_waits_for_another_is_not);
	tcase_add_test(answers, the_kernel_computes_the_same);
	tcase_add_test(gate, a_shut_kind_fails_and_the_others_go_on);
	tcase_add_test(gate, what_another_has_shut_meanwhile_stays_shut);
	tcase_add_test(gate, a_clock_that_is_shut_stands_still);
	suite_add_tcase(suite, answers);
	suite_add_tcase(suite, gate);
	return suite;
}
