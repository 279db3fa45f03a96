/* SPDX-License-Identifier: Apache-2.0 */
/*
 * os_call.h - a system call, made directly.
 *
 * Layer 0, for os*.c: what comes back is the kernel's answer, errno is not touched.
 */
#ifndef PRELOAD_OS_CALL_H
#define PRELOAD_OS_CALL_H

#include <errno.h>

#include "os_gate.h"

#if defined(__x86_64__)
static inline long os_call(long number, long a, long b, long c, long d, long e, long f)
{
	register long r10 __asm__("r10") = d;
	register long r8 __asm__("r8") = e;
	register long r9 __asm__("r9") = f;
	long result;

	__asm__ volatile("syscall"
			 : "=a"(result)
			 : "0"(number), "D"(a), "S"(b), "d"(c), "r"(r10), "r"(r8), "r"(r9)
			 : "rcx", "r11", "memory");
	return result;
}
#elif defined(__aarch64__)
static inline long os_call(long number, long a, long b, long c, long d, long e, long f)
{
	register long x8 __asm__("x8") = number;
	register long x0 __asm__("x0") = a;
	register long x1 __asm__("x1") = b;
	register long x2 __asm__("x2") = c;
	register long x3 __asm__("x3") = d;
	register long x4 __asm__("x4") = e;
	register long x5 __asm__("x5") = f;

	__asm__ volatile("svc 0"
			 : "+r"(x0)
			 : "r"(x8), "r"(x1), "r"(x2), "r"(x3), "r"(x4), "r"(x5)
			 : "memory");
	return x0;
}
#else
#error "memtrace knows x86-64 and aarch64"
#endif

/* A call of a kind that is shut is not made. */
#define CALL(n, a, b, c, d, e, f)                                                                  \
	(os_may_call((n), (long)(c))                                                               \
		 ? os_call((n), (long)(a), (long)(b), (long)(c), (long)(d), (long)(e), (long)(f))  \
		 : -EPERM)
#define CALL0(n) CALL(n, 0, 0, 0, 0, 0, 0)
#define CALL1(n, a) CALL(n, a, 0, 0, 0, 0, 0)
#define CALL2(n, a, b) CALL(n, a, b, 0, 0, 0, 0)
#define CALL3(n, a, b, c) CALL(n, a, b, c, 0, 0, 0)
#define CALL4(n, a, b, c, d) CALL(n, a, b, c, d, 0, 0)
#define CALL5(n, a, b, c, d, e) CALL(n, a, b, c, d, e, 0)
#define CALL6(n, a, b, c, d, e, f) CALL(n, a, b, c, d, e, f)

#endif
