/* SPDX-License-Identifier: Apache-2.0 */
/*
 * call_outermost.S - void call_outermost(void (*function)(void)): calls it as if nobody had called this.
 */
	.text
	.globl call_outermost
	.type call_outermost, @function
call_outermost:
	.cfi_startproc
	.cfi_undefined rip
	push %rbp
	.cfi_adjust_cfa_offset 8
	call *%rdi
	pop %rbp
	.cfi_adjust_cfa_offset -8
	ret
	.cfi_endproc
	.size call_outermost, . - call_outermost
	.section .note.GNU-stack, "", @progbits
