#if defined(__aarch64__)
#define _GNU_SOURCE
#include "arch/arch.h"

#include <linux/audit.h>

const enum ft_abi ft_arch_native_abi = FT_ABI_AARCH64;

enum ft_abi ft_arch_abi(uint32_t audit_arch)
{
	return audit_arch == AUDIT_ARCH_AARCH64 ? FT_ABI_AARCH64 : FT_ABI_UNKNOWN;
}

int ft_arch_redo_eintr(pid_t tid)
{
	/* x0 holds the result; ptrace shows the first argument nowhere, so the call cannot be made
	 * again. */
	(void)tid;
	return 0;
}

long ft_arch_raw_syscall(long nr, long a, long b, long c, long d, long e, long f)
{
	register long x8 __asm__("x8") = nr;
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
#endif
