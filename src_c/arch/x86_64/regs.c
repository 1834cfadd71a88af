#if defined(__x86_64__)
#define _GNU_SOURCE
#include "arch/arch.h"

#include <errno.h>
#include <linux/audit.h>
#include <stddef.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/user.h>

const enum ft_abi ft_arch_native_abi = FT_ABI_X86_64;

enum ft_abi ft_arch_abi(uint32_t audit_arch)
{
	switch (audit_arch) {
	case AUDIT_ARCH_X86_64:
		return FT_ABI_X86_64;
	case AUDIT_ARCH_I386:
		return FT_ABI_I386;
	default:
		return FT_ABI_UNKNOWN;
	}
}

/*
 * Calls that return EINTR for any wake-up by the signal machinery and that have done nothing when
 * they do. Not close (the descriptor has gone) and not connect (the connection goes on).
 */
static int eintr_is_spurious(unsigned long nr)
{
	switch (nr) {
	case SYS_epoll_wait:
	case SYS_epoll_pwait:
	case 441: /* epoll_pwait2 */
	case SYS_semop:
	case SYS_semtimedop:
	case SYS_rt_sigtimedwait:
	case SYS_io_getevents:
	case 333: /* io_pgetevents */
	case SYS_read:
	case SYS_readv:
	case SYS_recvfrom:
	case SYS_recvmsg:
	case SYS_recvmmsg:
	case SYS_sendto:
	case SYS_sendmsg:
	case SYS_accept:
	case SYS_accept4:
	case SYS_futex:
		return 1;
	default:
		return 0;
	}
}

int ft_arch_redo_eintr(pid_t tid)
{
	struct user_regs_struct regs;

	if (ptrace(PTRACE_GETREGS, tid, NULL, &regs) < 0)
		return -errno;
	/* 64-bit code only: cs tells, as for the kernel's user_64bit_mode(). */
	if (regs.cs != 0x33 || (long)regs.orig_rax < 0 || (long)regs.rax != -EINTR ||
		!eintr_is_spurious(regs.orig_rax))
		return 0;
	regs.rax = regs.orig_rax;
	regs.rip -= 2; /* syscall: 0f 05 */
	if (ptrace(PTRACE_SETREGS, tid, NULL, &regs) < 0)
		return -errno;
	return 1;
}

long ft_arch_raw_syscall(long nr, long a, long b, long c, long d, long e, long f)
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
#endif
