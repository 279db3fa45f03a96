/* SPDX-License-Identifier: Apache-2.0 */
/*
 * nested.c - a function inside a function, as GNU C has it.
 */
int object_sink;

int object_caller(int value)
{
	__attribute__((noinline)) int nested(int more)
	{
		object_sink += more + value;
		__asm__ volatile(".globl place_nested\nplace_nested: nop"); /* line: in nested */
		return object_sink;
	}

	return nested(value) + nested(2);
}
