/* SPDX-License-Identifier: Apache-2.0 */
/*
 * broken_frames.S - functions whose description lies, or that have none and leave garbage in rbp. Each is of the type
 * broken_frame: void (void (*callback)(void)).
 */
	.text

	.macro begin name
	.globl \name
	.type \name, @function
\name:
	.endm

	.macro finish name
	.size \name, . - \name
	.endm

	/* A description that is true but for what is said of the call. */
	.macro lie name words:vararg
	begin \name
	.cfi_startproc
	sub $40, %rsp
	.cfi_def_cfa_offset 48
	.cfi_remember_state
	\words
	call *%rdi
	nop
	.cfi_restore_state
	add $40, %rsp
	.cfi_def_cfa_offset 8
	ret
	.cfi_endproc
	finish \name
	.endm

	/* CFA = rsp: the caller would be this frame again. */
	lie frame_that_does_not_advance .cfi_def_cfa rsp, 0
	/* DW_CFA_def_cfa_expression: DW_OP_breg7 (rsp) -80. */
	lie frame_that_goes_back .cfi_escape 0x0f, 0x03, 0x77, 0xb0, 0x7f
	/* DW_OP_const8u 0x123456789000: nobody's memory. */
	lie frame_in_the_void .cfi_escape 0x0f, 0x09, 0x0e, 0x00, 0x90, 0x78, 0x56, 0x34, 0x12, 0x00, 0x00
	/* DW_OP_const8u 0xdead000000000000: no address at all. */
	lie frame_without_address .cfi_escape 0x0f, 0x09, 0x0e, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0xad, 0xde
	/* DW_OP_breg7 0, DW_OP_skip -3: an expression without an end. */
	lie frame_with_endless_expression .cfi_escape 0x0f, 0x05, 0x77, 0x00, 0x2f, 0xfd, 0xff
	/* DW_OP_plus on an empty stack. */
	lie frame_with_empty_expression .cfi_escape 0x0f, 0x01, 0x22
	/* DW_OP_lit0, DW_OP_deref: reads address 0. */
	lie frame_that_reads_nothing .cfi_escape 0x0f, 0x02, 0x30, 0x06

	/* Returns into itself, 200 times over. */
	begin frame_that_calls_itself
	.cfi_startproc
	push %rbx
	.cfi_def_cfa_offset 16
	.cfi_offset rbx, -16
	mov %rsp, %rbx
	.cfi_def_cfa_register rbx
	lea 1f(%rip), %rax
	mov $200, %ecx
0:	push %rax
	dec %ecx
	jnz 0b
	.cfi_remember_state
	.cfi_def_cfa rsp, 8
	call *%rdi
1:	nop
	.cfi_restore_state
	mov %rbx, %rsp
	pop %rbx
	.cfi_def_cfa rsp, 8
	ret
	.cfi_endproc
	finish frame_that_calls_itself

	/* Nothing is said of these. */
	.macro undescribed name words:vararg
	begin \name
	push %rbp
	sub $32, %rsp
	\words
	call *%rdi
	add $32, %rsp
	pop %rbp
	ret
	finish \name
	.endm

	undescribed frame_with_garbage mov $0x7eadbeef12345678, %rbp
	undescribed frame_with_small_number mov $42, %ebp
	undescribed frame_that_points_into_code lea frame_with_garbage(%rip), %rbp

	/* The link at rbp leads to itself. */
	begin frame_whose_link_is_itself
	push %rbp
	sub $32, %rsp
	lea 16(%rsp), %rbp
	mov %rbp, (%rbp)
	lea 1f(%rip), %rax
	mov %rax, 8(%rbp)
	call *%rdi
1:	add $32, %rsp
	pop %rbp
	ret
	finish frame_whose_link_is_itself

	/* The link at rbp leads back. */
	begin frame_whose_link_goes_back
	push %rbp
	sub $32, %rsp
	lea 16(%rsp), %rbp
	mov %rsp, (%rbp)
	lea 1f(%rip), %rax
	mov %rax, 8(%rbp)
	call *%rdi
1:	add $32, %rsp
	pop %rbp
	ret
	finish frame_whose_link_goes_back

	.section .note.GNU-stack, "", @progbits
