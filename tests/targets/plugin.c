/* SPDX-License-Identifier: Apache-2.0 */
/*
 * plugin.c - a small library that allocates; built twice, as plugin_a and plugin_b, of equal size, so that
 * the second lands where the first was.
 */
#include <stdlib.h>

#define JOIN2(a, b) a##b
#define JOIN(a, b) JOIN2(a, b)

void *plugin_allocate(size_t bytes);
void plugin_release(void *block);
void plugin_call(void (*function)(void));

static __attribute__((noinline)) void *JOIN(site_of_plugin_, PLUGIN)(size_t bytes)
{
	void *p = malloc(bytes);

	__asm__ volatile("" ::: "memory");
	return p;
}

void *plugin_allocate(size_t bytes)
{
	void *p = JOIN(site_of_plugin_, PLUGIN)(bytes);

	__asm__ volatile("" ::: "memory");
	return p;
}

void plugin_release(void *block)
{
	free(block);
}

void plugin_call(void (*function)(void))
{
	function();
	__asm__ volatile("" ::: "memory");
}
