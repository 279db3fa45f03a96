/* SPDX-License-Identifier: Apache-2.0 */
/*
 * made_code.c - allocates below code that was made at run time: with a frame pointer, without one, and with a
 * description that the program registers. Tells how many frames backtrace() sees past the latter.
 */
#include "truth.h"

#include <execinfo.h>
#include <stdint.h>
#include <sys/mman.h>

#define CALLS 50
#define PLACE_BYTES 128

void __register_frame(void *);
void __deregister_frame(void *);

typedef void made_code(void (*callback)(void));

static struct truth truth = {.function = "site_below_code"};
static int frames_seen;

static SITE void site_below_code(void)
{
	void *p = malloc(40);

	KEEP_FRAME();
	truth_alloc(&truth, 40);
	if (truth.alloc_count % 3 == 0) {
		free(p);
		truth_free(&truth, 40);
	}
}

static SITE void look_back(void)
{
	void *frames[64];

	frames_seen = backtrace(frames, 64);
}

/* push %rbp; mov %rsp, %rbp; call *%rdi; pop %rbp; ret */
static const uint8_t with_pointer[] = {0x55, 0x48, 0x89, 0xe5, 0xff, 0xd7, 0x5d, 0xc3};
/* push %rbp; push %rbx; push %rbx; mov $-1, %rbp; call *%rdi; pop %rbx; pop %rbx; pop %rbp; ret */
static const uint8_t without_pointer[] = {0x55, 0x53, 0x53, 0x48, 0xc7, 0xc5, 0xff, 0xff,
					  0xff, 0xff, 0xff, 0xd7, 0x5b, 0x5b, 0x5d, 0xc3};
/* sub $8, %rsp; call *%rdi; add $8, %rsp; ret */
static const uint8_t described[] = {0x48, 0x83, 0xec, 0x08, 0xff, 0xd7,
				    0x48, 0x83, 0xc4, 0x08, 0xc3};

/* What is to be registered: CFA = rsp + 16 throughout, as it is at the call. */
static const uint8_t description[] = {
	20,
	0,
	0,
	0,
	0,
	0,
	0,
	0, /* CIE: length, id */
	1,
	0,
	1,
	0x78,
	16, /* version, no augmentation, factors 1 and -8, ra */
	0x0c,
	7,
	16, /* DW_CFA_def_cfa: rsp + 16 */
	0x90,
	1, /* DW_CFA_offset: ra at CFA - 8 */
	0,
	0,
	0,
	0,
	0,
	0, /* DW_CFA_nop */
	20,
	0,
	0,
	0,
	28,
	0,
	0,
	0, /* FDE: length, way to the CIE */
	0,
	0,
	0,
	0,
	0,
	0,
	0,
	0, /* start, filled in */
	sizeof(described),
	0,
	0,
	0,
	0,
	0,
	0,
	0, /* length */
	0,
	0,
	0,
	0, /* the end */
};

static made_code *place(uint8_t *memory, const uint8_t *bytes, size_t length)
{
	memcpy(memory, bytes, length);
	return (made_code *)(uintptr_t)memory;
}

static SITE void above_code(made_code *code)
{
	for (int i = 0; i < CALLS; i++)
		code(site_below_code);
}

int main(void)
{
	uint8_t *memory = mmap(NULL, 4096, PROT_READ | PROT_WRITE | PROT_EXEC,
			       MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	static uint8_t registered[sizeof(description)] __attribute__((aligned(8)));
	uint64_t start = (uint64_t)(uintptr_t)(memory + 2 * PLACE_BYTES);
	made_code *code;

	truth_require(memory != MAP_FAILED, "memory that is code");
	above_code(place(memory, with_pointer, sizeof(with_pointer)));
	above_code(place(memory + PLACE_BYTES, without_pointer, sizeof(without_pointer)));
	code = place(memory + 2 * PLACE_BYTES, described, sizeof(described));
	memcpy(registered, description, sizeof(description));
	memcpy(registered + 32, &start, sizeof(start));
	__register_frame(registered);
	above_code(code);
	code(look_back);
	__deregister_frame(registered);
	munmap(memory, 4096);
	truth_tell(&truth);
	truth_number("frames", frames_seen);
	return 0;
}
