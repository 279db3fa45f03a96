/* SPDX-License-Identifier: Apache-2.0 */
/*
 * unwind_blind.c - unwinds once, closes every descriptor, opens two files under their numbers, and allocates from
 * code that has no unwind information.
 *
 * usage: unwind_blind FILE FILE
 *
 * A call of getppid() marks the beginning and the end of what a tracer of system calls should look at.
 */
#include "paths.h"

#include <sys/stat.h>
#include <sys/syscall.h>

#define STACKS 3000

/* Calls a function with a number, in a frame that nothing describes. */
void *call_blindly(paths_site function, size_t number);
#if defined(__x86_64__)
__asm__(".text\n"
	".globl call_blindly\n"
	".type call_blindly, @function\n"
	"call_blindly:\n"
	"	pushq %rbp\n"
	"	movq %rsp, %rbp\n"
	"	subq $256, %rsp\n"
	"	movq %rdi, %rax\n"
	"	movq %rsi, %rdi\n"
	"	call *%rax\n"
	"	leave\n"
	"	ret\n"
	".size call_blindly, . - call_blindly\n");
#else
__asm__(".text\n"
	".globl call_blindly\n"
	".type call_blindly, %function\n"
	"call_blindly:\n"
	"	stp x29, x30, [sp, #-16]!\n"
	"	mov x29, sp\n"
	"	mov x2, x0\n"
	"	mov x0, x1\n"
	"	blr x2\n"
	"	ldp x29, x30, [sp], #16\n"
	"	ret\n"
	".size call_blindly, . - call_blindly\n");
#endif

static SITE void *site_blind(size_t bytes)
{
	void *p = malloc(bytes);

	KEEP_FRAME();
	return p;
}

static SITE void *through_the_dark(size_t bytes)
{
	void *p = call_blindly(site_blind, bytes);

	KEEP_FRAME();
	return p;
}

static void check_untouched(int fd)
{
	struct stat status;

	truth_require(fstat(fd, &status) == 0 && status.st_size == 0 && lseek(fd, 0, SEEK_CUR) == 0,
		      "file was written to");
}

int main(int argc, char **argv)
{
	struct truth t = {.function = "site_blind"};
	int first, second;

	truth_require(argc == 3, "usage");
	free(through_the_dark(24));
	truth_alloc(&t, 24);
	truth_free(&t, 24);
	for (int fd = 3; fd < 64; fd++)
		close(fd);
	first = open(argv[1], O_RDWR | O_CREAT | O_TRUNC, 0600);
	second = open(argv[2], O_RDWR | O_CREAT | O_TRUNC, 0600);
	truth_require(first == 3 && second == 4, "numbers are not used again");
	syscall(SYS_getppid);
	for (unsigned i = 0; i < STACKS; i++) {
		void *p = paths_call(i, through_the_dark, 24);

		truth_alloc(&t, 24);
		if (i % 2 != 0) {
			free(p);
			truth_free(&t, 24);
		}
	}
	syscall(SYS_getppid);
	check_untouched(first);
	check_untouched(second);
	truth_tell(&t);
	return 0;
}
