/* For tracees: a system call by an instruction of its own, another one at each place where it is used. */
#ifndef RAW_H
#define RAW_H

#include <sys/syscall.h>

static inline __attribute__((always_inline)) long raw6(
	long nr, long a, long b, long c, long d, long e, long f)
{
	register long r10 __asm__("r10") = d;
	register long r8 __asm__("r8") = e;
	register long r9 __asm__("r9") = f;
	long ret;

	__asm__ volatile("syscall"
		: "=a"(ret)
		: "a"(nr), "D"(a), "S"(b), "d"(c), "r"(r10), "r"(r8), "r"(r9)
		: "rcx", "r11", "memory");
	return ret;
}

#define raw_of(nr, a, b, c, d, e, f, ...)                                                          \
	raw6((long)(nr), (long)(a), (long)(b), (long)(c), (long)(d), (long)(e), (long)(f))
#define raw(...) raw_of(__VA_ARGS__, 0, 0, 0, 0, 0, 0, 0)

#endif
