/* SPDX-License-Identifier: Apache-2.0 */
/*
 * os_filter.c - runs a seccomp filter on the system calls that the shim would make.
 *
 * Filters are short programs without loops whose only input is the number and the arguments of a call, so their answers
 * can be known before they are in force. Each kind of call stands for all its uses by a few examples; addresses in
 * them are such as the system chooses.
 */
#define _GNU_SOURCE
#include "os_filter.h"

#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <signal.h>
#include <stdbool.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>

#include "os_gate.h"

#if defined(__x86_64__)
#define FILTER_ARCH AUDIT_ARCH_X86_64
#else
#define FILTER_ARCH AUDIT_ARCH_AARCH64
#endif

#define FILTER_ADDRESS UINT64_C(0x7f0000000000)

struct filter_machine {
	uint32_t a, x;
	uint32_t memory[BPF_MEMWORDS];
};

static bool filter_load(struct filter_machine *machine, const struct sock_filter *op,
			const struct seccomp_data *call, uint32_t *to)
{
	switch (op->code & 0xf8) { /* mode and size */
	case BPF_W | BPF_ABS:
		if (op->k % 4 != 0 || op->k >= sizeof(*call))
			return false;
		memcpy(to, (const char *)call + op->k, sizeof(*to));
		return true;
	case BPF_W | BPF_LEN:
		*to = sizeof(*call);
		return true;
	case BPF_W | BPF_IMM:
		*to = op->k;
		return true;
	case BPF_W | BPF_MEM:
		if (op->k >= BPF_MEMWORDS)
			return false;
		*to = machine->memory[op->k];
		return true;
	default:
		return false;
	}
}

static bool filter_alu(struct filter_machine *machine, const struct sock_filter *op)
{
	uint32_t by = BPF_SRC(op->code) == BPF_X ? machine->x : op->k;

	switch (BPF_OP(op->code)) {
	case BPF_ADD:
		machine->a += by;
		return true;
	case BPF_SUB:
		machine->a -= by;
		return true;
	case BPF_MUL:
		machine->a *= by;
		return true;
	case BPF_DIV:
		machine->a = by == 0 ? 0 : machine->a / by;
		return by != 0; /* the kernel ends the filter with 0, which kills */
	case BPF_AND:
		machine->a &= by;
		return true;
	case BPF_OR:
		machine->a |= by;
		return true;
	case BPF_XOR:
		machine->a ^= by;
		return true;
	case BPF_LSH:
		machine->a <<= by & 31;
		return true;
	case BPF_RSH:
		machine->a >>= by & 31;
		return true;
	case BPF_NEG:
		machine->a = -machine->a;
		return true;
	default:
		return false;
	}
}

/* Instructions that are passed over. */
static uint32_t filter_jump(const struct filter_machine *machine, const struct sock_filter *op)
{
	uint32_t with = BPF_SRC(op->code) == BPF_X ? machine->x : op->k;
	bool is_taken = false;

	switch (BPF_OP(op->code)) {
	case BPF_JA:
		return op->k;
	case BPF_JEQ:
		is_taken = machine->a == with;
		break;
	case BPF_JGT:
		is_taken = machine->a > with;
		break;
	case BPF_JGE:
		is_taken = machine->a >= with;
		break;
	case BPF_JSET:
		is_taken = (machine->a & with) != 0;
		break;
	default:
		return UINT32_MAX;
	}
	return is_taken ? op->jt : op->jf;
}

/* One instruction that neither jumps nor ends the filter. */
static bool filter_step(struct filter_machine *machine, const struct sock_filter *op,
			const struct seccomp_data *call)
{
	switch (BPF_CLASS(op->code)) {
	case BPF_LD:
		return filter_load(machine, op, call, &machine->a);
	case BPF_LDX:
		return filter_load(machine, op, call, &machine->x);
	case BPF_ST:
	case BPF_STX:
		if (op->k >= BPF_MEMWORDS)
			return false;
		machine->memory[op->k] = BPF_CLASS(op->code) == BPF_ST ? machine->a : machine->x;
		return true;
	case BPF_ALU:
		return filter_alu(machine, op);
	case BPF_MISC:
		if (BPF_MISCOP(op->code) == BPF_TAX)
			machine->x = machine->a;
		else
			machine->a = machine->x;
		return true;
	default:
		return false;
	}
}

uint32_t os_filter_answer(const struct sock_filter *code, size_t length,
			  const struct seccomp_data *call)
{
	struct filter_machine machine = {0};

	for (size_t at = 0; at < length; at++) {
		const struct sock_filter *op = &code[at];

		if (BPF_CLASS(op->code) == BPF_RET)
			return BPF_RVAL(op->code) == BPF_A ? machine.a : op->k;
		if (BPF_CLASS(op->code) == BPF_JMP)
			at += filter_jump(&machine, op);
		else if (!filter_step(&machine, op, call))
			break;
	}
	return SECCOMP_RET_KILL_PROCESS;
}

/* What the shim asks for where the arguments make a difference. */
static const struct {
	enum os_kind kind;
	uint64_t arguments[6];
} filter_examples[] = {
	{OS_MMAP, {0, 4096, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, UINT64_MAX}},
	{OS_MMAP,
	 {FILTER_ADDRESS, 4096, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | MAP_FIXED,
	  UINT64_MAX}},
	{OS_MMAP,
	 {FILTER_ADDRESS, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED,
	  UINT64_MAX}},
	{OS_MUNMAP, {FILTER_ADDRESS, 4096}},
	{OS_MREMAP,
	 {FILTER_ADDRESS, 0, 4096, MREMAP_MAYMOVE | MREMAP_FIXED, FILTER_ADDRESS + 4096}},
	{OS_MADVISE, {FILTER_ADDRESS, 4096, MADV_RANDOM}},
	{OS_MADVISE, {FILTER_ADDRESS, 4096, MADV_DONTNEED}},
	{OS_MADVISE, {FILTER_ADDRESS, 4096, MADV_DONTDUMP}},
	{OS_POPULATE, {FILTER_ADDRESS, 4096, 18}},
	{OS_POPULATE, {FILTER_ADDRESS, 4096, 22}},
	{OS_POPULATE, {FILTER_ADDRESS, 4096, 23}},
	{OS_OPENAT, {(uint64_t)-100, FILTER_ADDRESS, 02000000}},
	{OS_OPENAT, {(uint64_t)-100, FILTER_ADDRESS, 02400302, 0400}},
	{OS_PRCTL, {PR_GET_NAME, FILTER_ADDRESS}},
	{OS_SIGACTION, {SIGUSR1, 0, FILTER_ADDRESS, 8}},
	{OS_READ, {3, FILTER_ADDRESS, 4096}},
	{OS_WRITE, {3, FILTER_ADDRESS, 4096}},
	{OS_CLOCK, {1, FILTER_ADDRESS}},
};

static const long filter_numbers[OS_KIND_COUNT] = {
#define X(name, number) [OS_##name] = (number),
	OS_KINDS(X)
#undef X
		[OS_POPULATE] = SYS_madvise,
};

static bool filter_lets_through(const struct sock_filter *code, size_t length, enum os_kind kind,
				const uint64_t arguments[6])
{
	struct seccomp_data call = {.nr = (int)filter_numbers[kind],
				    .arch = FILTER_ARCH,
				    .instruction_pointer = (uintptr_t)&os_filter_answer};
	uint32_t answer;

	memcpy(call.args, arguments, sizeof(call.args));
	answer = os_filter_answer(code, length, &call) & SECCOMP_RET_ACTION_FULL;
	return answer == SECCOMP_RET_ALLOW || answer == SECCOMP_RET_LOG;
}

uint64_t os_filter_refuses(const struct sock_filter *code, size_t length)
{
	static const uint64_t none[6];
	uint64_t refused = 0, has_example = 0;

	for (size_t i = 0; i < sizeof(filter_examples) / sizeof(filter_examples[0]); i++) {
		enum os_kind kind = filter_examples[i].kind;

		has_example |= OS_BIT(kind);
		if (!filter_lets_through(code, length, kind, filter_examples[i].arguments))
			refused |= OS_BIT(kind);
	}
	for (uint32_t kind = 0; kind < OS_KIND_COUNT; kind++)
		if ((has_example & OS_BIT(kind)) == 0 &&
		    !filter_lets_through(code, length, (enum os_kind)kind, none))
			refused |= OS_BIT(kind);
	return refused;
}

uint64_t os_filter_strict(void)
{
	return OS_ALL & ~(OS_BIT(OS_READ) | OS_BIT(OS_WRITE));
}
