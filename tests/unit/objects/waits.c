/* SPDX-License-Identifier: Apache-2.0 */
/*
 * waits.c - an executable that calls a function of a library, writes a byte and then waits to be killed.
 */
#include <unistd.h>

int outer(int value);

__attribute__((noinline)) int waits_in(int value)
{
	__asm__ volatile(".globl place_waits\nplace_waits: nop");
	return outer(value);
}

int main(void)
{
	alarm(120);
	return waits_in(1) + (int)write(STDOUT_FILENO, "r", 1) + pause();
}
