/* SPDX-License-Identifier: Apache-2.0 */
/*
 * symbols.S - functions with sizes, without sizes, of several names, and code that has no symbol.
 */
	.text
	nop /* nobody's */
	.globl sized
	.type sized, @function
sized:
	nop
	nop
label_in_sized:
	nop
	nop
	.size sized, . - sized

	.globl unsized_first
unsized_first:
	.fill 8, 1, 0x90
	.type second, @function
second:
	.fill 8, 1, 0x90
	.size second, . - second

	.globl __many_names, many_names, long_many_names, _weak_name
	.weak _weak_name
	.type a_name, @function
	.type __many_names, @function
	.type many_names, @function
	.type long_many_names, @function
	.type _weak_name, @function
a_name:
__many_names:
many_names:
long_many_names:
_weak_name:
	.fill 8, 1, 0x90
	.size a_name, 8
	.size __many_names, 8
	.size many_names, 8
	.size long_many_names, 8
	.size _weak_name, 8

	.globl __public, public_weak
	.weak public_weak
	.type __public, @function
	.type public_weak, @function
__public:
public_weak:
	.fill 8, 1, 0x90
	.size __public, 8
	.size public_weak, 8

	.type object_in_code, @object
object_in_code:
	.fill 8, 1, 0x90
	.size object_in_code, 8

	.globl last_unsized
last_unsized:
	.fill 8, 1, 0x90

	.section .other_code, "ax", @progbits
	.type nameless_code, @object /* so that a test finds it */
nameless_code:
	.fill 8, 1, 0x90

	.data
	.globl data_symbol
data_symbol:
	.quad 1
	.size data_symbol, 8

	.section .note.GNU-stack, "", @progbits
