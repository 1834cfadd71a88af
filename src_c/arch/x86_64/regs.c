#if defined(__x86_64__)
#define _GNU_SOURCE
#include "arch/x86_64/regs.h"

#include <errno.h>
#include <linux/audit.h>
#include <linux/net.h>
#include <stddef.h>
#include <string.h>
#include <sys/ptrace.h>
#include <linux/ptrace.h>
#include <sys/syscall.h>

#include "arch/arch.h"
#include "tables/numbers.h"

#define WORDS		  (sizeof(struct user_regs_struct) / sizeof(uint64_t))
#define SELECTOR_NULL_MAX 3 /* whatever its two bits of privilege */

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

static int poke(pid_t tid, size_t offset, uint64_t value)
{
	return ptrace(PTRACE_POKEUSER, tid, offset, value) < 0 ? -errno : 0;
}

/* Null selectors: the processor itself makes one of another privilege 0 when it returns from an interrupt. */
static bool is_same(size_t word, uint64_t a, uint64_t b)
{
	const size_t ds = offsetof(struct user_regs_struct, ds) / sizeof(uint64_t);

	return a == b || (word >= ds && a <= SELECTOR_NULL_MAX && b <= SELECTOR_NULL_MAX);
}

int ft_regs_set(pid_t tid, const struct user_regs_struct *regs)
{
	uint64_t now[WORDS], want[WORDS];

	if (!ptrace(PTRACE_SETREGS, tid, NULL, regs))
		return 0;
	if (errno != EIO || ptrace(PTRACE_GETREGS, tid, NULL, now) < 0)
		return -errno;
	memcpy(want, regs, sizeof(want));
	for (size_t i = 0; i < WORDS; i++) {
		int rc = is_same(i, now[i], want[i]) ? 0 : poke(tid, i * sizeof(want[0]), want[i]);

		if (rc < 0)
			return rc;
	}
	return 0;
}

/*
 * Calls that return EINTR for any wake-up by the signal machinery and that have done nothing when
 * they do. Not close (the descriptor has gone) and not connect (the connection goes on).
 */
static int eintr_is_spurious(unsigned long nr)
{
	switch (nr) {
	case FT_NR_X86_64_epoll_wait:
	case FT_NR_X86_64_epoll_pwait:
	case FT_NR_X86_64_epoll_pwait2:
	case FT_NR_X86_64_semop:
	case FT_NR_X86_64_semtimedop:
	case FT_NR_X86_64_rt_sigtimedwait:
	case FT_NR_X86_64_io_getevents:
	case FT_NR_X86_64_io_pgetevents:
	case FT_NR_X86_64_read:
	case FT_NR_X86_64_readv:
	case FT_NR_X86_64_recvfrom:
	case FT_NR_X86_64_recvmsg:
	case FT_NR_X86_64_recvmmsg:
	case FT_NR_X86_64_sendto:
	case FT_NR_X86_64_sendmsg:
	case FT_NR_X86_64_accept:
	case FT_NR_X86_64_accept4:
	case FT_NR_X86_64_futex:
		return 1;
	default:
		return 0;
	}
}

/* The same of i386. */
static int eintr_is_spurious_i386(unsigned nr, unsigned first_arg)
{
	switch (nr) {
	case FT_NR_I386_epoll_wait:
	case FT_NR_I386_epoll_pwait:
	case FT_NR_I386_epoll_pwait2:
	case FT_NR_I386_ipc:
	case FT_NR_I386_semtimedop_time64:
	case FT_NR_I386_rt_sigtimedwait:
	case FT_NR_I386_rt_sigtimedwait_time64:
	case FT_NR_I386_io_getevents:
	case FT_NR_I386_io_pgetevents:
	case FT_NR_I386_io_pgetevents_time64:
	case FT_NR_I386_read:
	case FT_NR_I386_readv:
	case FT_NR_I386_recvfrom:
	case FT_NR_I386_recvmsg:
	case FT_NR_I386_recvmmsg:
	case FT_NR_I386_recvmmsg_time64:
	case FT_NR_I386_sendto:
	case FT_NR_I386_sendmsg:
	case FT_NR_I386_accept4:
	case FT_NR_I386_futex:
	case FT_NR_I386_futex_time64:
		return 1;
	case FT_NR_I386_socketcall:
		return first_arg != SYS_CONNECT;
	default:
		return 0;
	}
}

/* By int 0x80 64-bit code makes calls of i386, too. The kernel knows it (TS_COMPAT) until the task has run again. */
static bool is_i386(pid_t tid)
{
	struct ptrace_syscall_info info;

	return ptrace(PTRACE_GET_SYSCALL_INFO, tid, sizeof(info), &info) > 0 &&
	       info.arch == AUDIT_ARCH_I386;
}

static bool is_spurious_eintr(pid_t tid, const struct user_regs_struct *regs)
{
	if ((int)regs->orig_rax < 0 || (int)regs->rax != -EINTR)
		return false;
	return is_i386(tid) ? eintr_is_spurious_i386(regs->orig_rax, regs->rbx)
			    : eintr_is_spurious(regs->orig_rax);
}

int ft_arch_is_remade(pid_t tid, uint64_t *nr)
{
	struct user_regs_struct regs;
	int ret;

	if (ptrace(PTRACE_GETREGS, tid, NULL, &regs) < 0)
		return -errno;
	ret = (int)regs.rax;
	*nr = (uint32_t)regs.orig_rax;
	if (is_spurious_eintr(tid, &regs))
		return 1;
	if ((int)regs.orig_rax < 0 || ret > -FT_ERESTARTSYS || ret < -FT_ERESTART_RESTARTBLOCK)
		return 0;
	return *nr == (is_i386(tid) ? FT_NR_I386_restart_syscall : SYS_restart_syscall) ? 2 : 1;
}

int ft_arch_redo_eintr(pid_t tid)
{
	struct user_regs_struct regs;
	int rc;

	if (ptrace(PTRACE_GETREGS, tid, NULL, &regs) < 0)
		return -errno;
	if (!is_spurious_eintr(tid, &regs))
		return 0;
	regs.rax = regs.orig_rax;
	/* syscall: 0f 05; int 0x80: cd 80, which also stands before where sysenter returns to. */
	regs.rip -= 2;
	rc = ft_regs_set(tid, &regs);
	return rc < 0 ? rc : 1;
}

const char *const ft_register_names[] = { "r15", "r14", "r13", "r12", "rbp", "rbx", "r11", "r10",
	"r9", "r8", "rax", "rcx", "rdx", "rsi", "rdi", "orig_rax", "rip", "cs", "eflags", "rsp",
	"ss", "fs_base", "gs_base", "ds", "es", "fs", "gs" };
const int ft_register_count = sizeof(ft_register_names) / sizeof(ft_register_names[0]);

static_assert(sizeof(ft_register_names) / sizeof(ft_register_names[0]) == WORDS,
	"a name for each register");

#define INDEX(name) (offsetof(struct user_regs_struct, name) / sizeof(uint64_t))

int ft_arch_set_number(pid_t tid, uint64_t nr)
{
	return poke(tid, offsetof(struct user_regs_struct, orig_rax), nr);
}

int ft_arch_set_result(pid_t tid, int64_t ret)
{
	return poke(tid, offsetof(struct user_regs_struct, rax), (uint64_t)ret);
}

int ft_arch_set_args(pid_t tid, enum ft_abi abi, const uint64_t args[6])
{
	struct user_regs_struct regs;

	if (ptrace(PTRACE_GETREGS, tid, NULL, &regs) < 0)
		return -errno;
	if (abi == FT_ABI_I386) {
		regs.rbx = args[0];
		regs.rcx = args[1];
		regs.rdx = args[2];
		regs.rsi = args[3];
		regs.rdi = args[4];
		regs.rbp = args[5];
	} else {
		regs.rdi = args[0];
		regs.rsi = args[1];
		regs.rdx = args[2];
		regs.r10 = args[3];
		regs.r8 = args[4];
		regs.r9 = args[5];
	}
	return ft_regs_set(tid, &regs);
}

int ft_arch_get_registers(pid_t tid, struct ft_registers *out)
{
	return ptrace(PTRACE_GETREGS, tid, NULL, out->value) < 0 ? -errno : 0;
}

int ft_arch_set_registers(pid_t tid, const struct ft_registers *registers)
{
	struct user_regs_struct regs;

	memcpy(&regs, registers->value, sizeof(regs));
	return ft_regs_set(tid, &regs);
}

int ft_arch_stack(pid_t tid, uint64_t *out)
{
	errno = 0;
	*out = (uint64_t)ptrace(PTRACE_PEEKUSER, tid, offsetof(struct user_regs_struct, rsp), 0);
	return -errno;
}

int ft_arch_instruction(pid_t tid, uint64_t *out)
{
	errno = 0;
	*out = (uint64_t)ptrace(PTRACE_PEEKUSER, tid, offsetof(struct user_regs_struct, rip), 0);
	return -errno;
}

int ft_arch_thread_pointer(pid_t tid, uint64_t *out)
{
	errno = 0;
	*out = (uint64_t)ptrace(
		PTRACE_PEEKUSER, tid, offsetof(struct user_regs_struct, fs_base), 0);
	return -errno;
}

bool ft_arch_is_same_place(const struct ft_registers *a, const struct ft_registers *b)
{
	return a->value[INDEX(rip)] == b->value[INDEX(rip)] &&
	       a->value[INDEX(rsp)] == b->value[INDEX(rsp)];
}

void ft_arch_forget_call(struct ft_registers *registers)
{
	registers->value[INDEX(orig_rax)] = FT_NO_CALL;
}

int64_t ft_arch_result(const struct ft_registers *registers)
{
	return (int64_t)registers->value[INDEX(rax)];
}

/* Also for a process that shares our thread's memory (bell.c): no sanitizer may note that it was here. */
__attribute__((no_sanitize("thread"))) long ft_arch_raw_syscall(
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
#endif
