/* SPDX-License-Identifier: Apache-2.0 */
/*
 * misaligned_stack.c - assembly that calls the allocator with a stack aligned to 8 bytes only.
 */
#include "truth.h"

#if defined(__x86_64__)
void *site_misaligned(size_t bytes);
void *resize_misaligned(void *block, size_t bytes);
void free_misaligned(void *block);

/* On entry the stack is 8 bytes off a multiple of 16, so without a frame the callee's is off as well. */
__asm__(".text\n"
	".type site_misaligned, @function\n"
	"site_misaligned:\n\t"
	".cfi_startproc\n\t"
	"call malloc@PLT\n\t"
	"nop\n\t"
	"ret\n\t"
	".cfi_endproc\n\t"
	".size site_misaligned, . - site_misaligned\n"
	".type resize_misaligned, @function\n"
	"resize_misaligned:\n\t"
	".cfi_startproc\n\t"
	"call realloc@PLT\n\t"
	"nop\n\t"
	"ret\n\t"
	".cfi_endproc\n\t"
	".size resize_misaligned, . - resize_misaligned\n"
	".type free_misaligned, @function\n"
	"free_misaligned:\n\t"
	".cfi_startproc\n\t"
	"call free@PLT\n\t"
	"nop\n\t"
	"ret\n\t"
	".cfi_endproc\n\t"
	".size free_misaligned, . - free_misaligned\n");
#else
#define site_misaligned malloc
#define resize_misaligned realloc
#define free_misaligned free
#endif

int main(void)
{
	struct truth t = {.function = "site_misaligned"};

	for (int i = 0; i < 1000; i++) {
		void *p = site_misaligned(50);

		truth_alloc(&t, 50);
		if (i % 2) {
			free_misaligned(p);
			truth_free(&t, 50);
		} else if (i % 4 == 0) {
			(void)!resize_misaligned(p, 70);
			truth_free(&t, 50);
		}
	}
	truth_tell(&t);
	return 0;
}
