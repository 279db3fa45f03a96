/* SPDX-License-Identifier: Apache-2.0 */
/*
 * inlined.c - two calls inlined into a function, a place in the innermost of them, and functions that no
 * other module sees. Tests find lines by the words behind "line:".
 */
int object_sink;

__attribute__((noinline)) void object_hold(int value)
{
	object_sink += value;
	__asm__ volatile("");
}

static inline __attribute__((always_inline)) void inner(int value)
{
	object_hold(value);
	__asm__ volatile(".globl place_inner\nplace_inner: nop"); /* line: in inner */
}

static inline __attribute__((always_inline)) void middle(int value)
{
	inner(value + 1); /* line: in middle */
}

__attribute__((noinline)) int outer(int value)
{
	middle(value); /* line: in outer */
	object_hold(value);
	return value * 2;
}

static __attribute__((noinline)) int hidden(int value)
{
	object_hold(value);
	__asm__ volatile(".globl place_hidden\nplace_hidden: nop"); /* line: in hidden */
	return value + object_sink;
}

__attribute__((noinline, cold)) void object_rarely(int value)
{
	object_hold(value);
}

/* Compilers move the rare part away, so that this function has two ranges of code. */
int __object_twin(int value)
{
	object_hold(value);
	if (value == 7) {
		object_rarely(1);
		object_rarely(2);
	}
	__asm__ volatile(".globl place_twin\nplace_twin: nop"); /* line: in twin */
	return value;
}

int object_twin(int value) __attribute__((weak, alias("__object_twin")));

int object_caller(int value)
{
	return hidden(value) + 1;
}
