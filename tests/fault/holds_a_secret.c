/* SPDX-License-Identifier: Apache-2.0 */
/*
 * holds_a_secret.c - fills blocks with its first argument, also blocks that are freed, moved and beside the stack
 * that allocates, takes a snapshot of itself, says whether it runs with more rights than its caller, and waits
 * for its standard input to end.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/auxv.h>
#include <unistd.h>

#include "memtrace/memtrace.h"

#define BLOCKS 2000
#define BLOCK_BYTES 4000

static void fill(char *block, size_t bytes, const char *secret)
{
	size_t length = strlen(secret);

	for (size_t at = 0; at + length <= bytes; at += length)
		memcpy(block + at, secret, length);
}

static __attribute__((noinline)) char *allocate(const char *secret)
{
	char on_stack[512], *block = malloc(BLOCK_BYTES);

	if (block == NULL)
		exit(9);
	fill(on_stack, sizeof(on_stack), secret);
	__asm__ volatile("" ::"r"(on_stack) : "memory");
	fill(block, BLOCK_BYTES, secret);
	return block;
}

int main(int argc, char **argv)
{
	static char *blocks[BLOCKS];
	const char *secret = argc > 1 ? argv[1] : "nothing";
	char byte;

	for (int i = 0; i < BLOCKS; i++) {
		blocks[i] = allocate(secret);
		if (i % 3 == 0)
			free(blocks[i]);
		else if (i % 3 == 1)
			blocks[i] = realloc(blocks[i], 2 * BLOCK_BYTES);
	}
	(void)memtrace_snapshot(NULL, NULL);
	printf("%lu\n", getauxval(AT_SECURE));
	(void)fflush(stdout);
	while (read(0, &byte, 1) > 0)
		;
	return 0;
}
