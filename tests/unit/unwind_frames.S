/* SPDX-License-Identifier: Apache-2.0 */
/*
 * unwind_frames.S - functions whose frames no compiler makes, all but the last of the type shape_frame.
 */
	.text

	.macro begin name
	.globl \name
	.type \name, @function
\name:
	.cfi_startproc
	.endm

	.macro finish name
	.cfi_endproc
	.size \name, . - \name
	.endm

	/* The CFA is an offset from a register that the callee may save anywhere; the stack is aligned. */
	.macro cfa_in name register
	begin \name
	push %\register
	.cfi_def_cfa_offset 16
	.cfi_offset \register, -16
	mov %rsp, %\register
	.cfi_def_cfa_register \register
	sub $64, %rsp
	and $-256, %rsp
	mov %rdi, %rax
	mov %rsi, %rdi
	call *%rax
	mov %\register, %rsp
	.cfi_def_cfa_register rsp
	pop %\register
	.cfi_def_cfa_offset 8
	ret
	finish \name
	.endm

	cfa_in frame_cfa_in_rbx, rbx
	cfa_in frame_cfa_in_r12, r12
	cfa_in frame_cfa_in_r13, r13
	cfa_in frame_cfa_in_r14, r14
	cfa_in frame_cfa_in_r15, r15

	/* DW_CFA_def_cfa_expression: DW_OP_breg3 (rbx) 8, DW_OP_deref, DW_OP_plus_uconst 16. */
	begin frame_cfa_by_expression
	push %rbx
	.cfi_def_cfa_offset 16
	.cfi_offset rbx, -16
	mov %rsp, %rax
	sub $80, %rsp
	.cfi_def_cfa_offset 96
	mov %rax, 40(%rsp)
	lea 32(%rsp), %rbx
	.cfi_escape 0x0f, 0x05, 0x73, 0x08, 0x06, 0x23, 0x10
	mov %rdi, %rax
	mov %rsi, %rdi
	call *%rax
	add $80, %rsp
	.cfi_def_cfa rsp, 16
	pop %rbx
	.cfi_def_cfa_offset 8
	ret
	finish frame_cfa_by_expression

	/* The return address has been moved into a register. */
	begin frame_ra_in_r12
	mov %r12, -8(%rsp)
	pop %r12
	.cfi_def_cfa_offset 0
	.cfi_offset r12, -16
	.cfi_register rip, r12
	sub $32, %rsp
	.cfi_def_cfa_offset 32
	mov %rdi, %rax
	mov %rsi, %rdi
	call *%rax
	mov %r12, %rax
	.cfi_register rip, rax
	mov 16(%rsp), %r12
	.cfi_same_value r12
	add $32, %rsp
	.cfi_def_cfa_offset 0
	push %rax
	.cfi_def_cfa_offset 8
	.cfi_offset rip, -8
	ret
	finish frame_ra_in_r12

	/* rbp has been moved into a register and holds something else. */
	begin frame_bp_in_rbx
	push %rbp
	.cfi_def_cfa_offset 16
	push %rbx
	.cfi_def_cfa_offset 24
	.cfi_offset rbx, -24
	mov %rbp, %rbx
	.cfi_register rbp, rbx
	sub $8, %rsp
	.cfi_def_cfa_offset 32
	xor %ebp, %ebp
	mov %rdi, %rax
	mov %rsi, %rdi
	call *%rax
	add $8, %rsp
	.cfi_def_cfa_offset 24
	mov %rbx, %rbp
	.cfi_same_value rbp
	pop %rbx
	.cfi_def_cfa_offset 16
	.cfi_same_value rbx
	add $8, %rsp
	.cfi_def_cfa_offset 8
	ret
	finish frame_bp_in_rbx

	/* States are remembered inside remembered states; the argument size changes nothing. */
	begin frame_remembers
	push %rbp
	.cfi_def_cfa_offset 16
	.cfi_offset rbp, -16
	.cfi_remember_state
	sub $100000, %rsp
	.cfi_def_cfa_offset 100016
	.cfi_remember_state
	push $1
	.cfi_def_cfa_offset 100024
	.cfi_escape 0x2e, 0x08
	add $8, %rsp
	.cfi_restore_state
	mov %rdi, %rax
	mov %rsi, %rdi
	test %rax, %rax
	jz 1f
	call *%rax
1:	add $100000, %rsp
	.cfi_restore_state
	pop %rbp
	.cfi_restore rbp
	.cfi_def_cfa_offset 8
	ret
	finish frame_remembers

	/* No frame description at all: only the frame pointer helps. */
	.globl frame_undescribed
	.type frame_undescribed, @function
	nop
frame_undescribed:
	push %rbp
	mov %rsp, %rbp
	sub $32, %rsp
	mov %rdi, %rax
	mov %rsi, %rdi
	call *%rax
	leave
	ret
	.size frame_undescribed, . - frame_undescribed

	/* A stub as other linkers than GNU's make them for functions of other libraries. */
	.globl frame_behind_stub
	.type frame_behind_stub, @function
	.balign 16
frame_behind_stub:
	jmp *stub_target(%rip)
	push $0x12345678
	.byte 0xe9
	.long 0
	.size frame_behind_stub, . - frame_behind_stub

	.section .data.rel, "aw"
	.balign 8
stub_target:
	.quad frame_cfa_in_r13
	.text

	/* void trap_each(long is_on): whether a SIGTRAP follows each instruction. */
	begin trap_each
	pushfq
	.cfi_def_cfa_offset 16
	andq $~0x100, (%rsp)
	shl $8, %rdi
	orq %rdi, (%rsp)
	popfq
	.cfi_def_cfa_offset 8
	ret
	finish trap_each

	.section .note.GNU-stack, "", @progbits
