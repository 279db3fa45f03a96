/* SPDX-License-Identifier: Apache-2.0 */
/*
 * old_system.c - preloaded in front of the shim: a loader without _dl_find_object, as glibc's was before 2.35, on a
 * kernel whose madvise(2) cannot populate, as Linux was before 5.14.
 */
#include <dlfcn.h>
#include <errno.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>

#define POPULATE_READ 22
#define POPULATE_WRITE 23
#define FIELD(member) BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, member))
#define SKIP_UNLESS(value, count) BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, (value), 0, (count))
#define SKIP_IF(value, count) BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, (value), (count), 0)

typedef void *look_up_function(void *restrict handle, const char *restrict name);

/* Not by libc, whose function others may stand in front of. */
static long call_prctl(long option, long a, const void *b)
{
	register long r10 __asm__("r10") = 0;
	register long r8 __asm__("r8") = 0;
	long result;

	__asm__ volatile("syscall"
			 : "=a"(result)
			 : "0"(SYS_prctl), "D"(option), "S"(a), "d"(b), "r"(r10), "r"(r8)
			 : "rcx", "r11", "memory");
	return result;
}

static void forget_populate(void)
{
	struct sock_filter filter[] = {
		FIELD(nr),
		SKIP_UNLESS(SYS_madvise, 4),
		FIELD(args[2]),
		SKIP_IF(POPULATE_READ, 1),
		SKIP_UNLESS(POPULATE_WRITE, 1),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | EINVAL),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
	};
	struct sock_fprog program = {sizeof(filter) / sizeof(filter[0]), filter};

	if (call_prctl(PR_SET_NO_NEW_PRIVS, 1, NULL) != 0 ||
	    call_prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program) != 0)
		abort();
}

/* The last call has to be a jump: RTLD_NEXT is seen from whoever calls. */
void *dlsym(void *restrict handle, const char *restrict name)
{
	static look_up_function *look_up;

	if (look_up == NULL) {
		*(void **)&look_up = dlvsym(RTLD_NEXT, "dlsym", "GLIBC_2.2.5");
		forget_populate();
	}
	return strcmp(name, "_dl_find_object") == 0 ? NULL : look_up(handle, name);
}
