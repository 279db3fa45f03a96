/* SPDX-License-Identifier: Apache-2.0 */
/*
 * libc_compat.h - binds the functions that glibc 2.34 moved into libc.so.6 to their old versions, so that a
 * shim built on a new system loads on an old one. Included by the files that call them.
 *
 * Layer 0. aarch64 began with 2.17.
 */
#ifndef PRELOAD_LIBC_COMPAT_H
#define PRELOAD_LIBC_COMPAT_H

#if defined(__x86_64__)
#define LIBC_COMPAT_VERSION "GLIBC_2.2.5"
__asm__(".symver dladdr1, dladdr1@GLIBC_2.3.3");
#else
#define LIBC_COMPAT_VERSION "GLIBC_2.17"
__asm__(".symver dladdr1, dladdr1@GLIBC_2.17");
#endif

#define LIBC_COMPAT(symbol) __asm__(".symver " #symbol ", " #symbol "@" LIBC_COMPAT_VERSION)

LIBC_COMPAT(dlsym);
LIBC_COMPAT(dlopen);
LIBC_COMPAT(dladdr);
LIBC_COMPAT(pthread_key_create);
LIBC_COMPAT(pthread_key_delete);
LIBC_COMPAT(pthread_setspecific);

#endif
