#if defined(__aarch64__)
#define _GNU_SOURCE
#include "arch/arch.h"

#include <errno.h>
#include <linux/audit.h>
#include <linux/elf.h>
#include <stddef.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/user.h>

const enum ft_abi ft_arch_native_abi = FT_ABI_AARCH64;

enum ft_abi ft_arch_abi(uint32_t audit_arch)
{
	return audit_arch == AUDIT_ARCH_AARCH64 ? FT_ABI_AARCH64 : FT_ABI_UNKNOWN;
}

static int transfer(int request, pid_t tid, int set, void *data, size_t size)
{
	struct iovec io = { data, size };

	return ptrace(request, tid, (void *)(long)set, &io) < 0 ? -errno : 0;
}

int ft_arch_is_remade(pid_t tid, uint64_t *nr)
{
	struct user_regs_struct regs;
	int number = -1;
	int64_t ret;
	int rc = transfer(PTRACE_GETREGSET, tid, NT_PRSTATUS, &regs, sizeof(regs));

	if (!rc)
		rc = transfer(PTRACE_GETREGSET, tid, NT_ARM_SYSTEM_CALL, &number, sizeof(number));
	if (rc < 0)
		return rc;
	ret = (int64_t)regs.regs[0];
	*nr = (uint32_t)number;
	if (number < 0 || ret > -FT_ERESTARTSYS || ret < -FT_ERESTART_RESTARTBLOCK)
		return 0;
	return number == SYS_restart_syscall ? 2 : 1;
}

int ft_arch_redo_eintr(pid_t tid)
{
	/* x0 holds the result; ptrace shows the first argument nowhere, so the call cannot be made
	 * again. */
	(void)tid;
	return 0;
}

const char *const ft_register_names[] = { "x0", "x1", "x2", "x3", "x4", "x5", "x6", "x7", "x8",
	"x9", "x10", "x11", "x12", "x13", "x14", "x15", "x16", "x17", "x18", "x19", "x20", "x21",
	"x22", "x23", "x24", "x25", "x26", "x27", "x28", "x29", "x30", "sp", "pc", "pstate" };
const int ft_register_count = sizeof(ft_register_names) / sizeof(ft_register_names[0]);

int ft_arch_set_number(pid_t tid, uint64_t nr)
{
	int number = (int)nr;

	return transfer(PTRACE_SETREGSET, tid, NT_ARM_SYSTEM_CALL, &number, sizeof(number));
}

int ft_arch_get_registers(pid_t tid, struct ft_registers *out)
{
	return transfer(
		PTRACE_GETREGSET, tid, NT_PRSTATUS, out->value, sizeof(struct user_regs_struct));
}

int ft_arch_set_registers(pid_t tid, const struct ft_registers *registers)
{
	return transfer(PTRACE_SETREGSET, tid, NT_PRSTATUS, (void *)registers->value,
		sizeof(struct user_regs_struct));
}

int ft_arch_stack(pid_t tid, uint64_t *out)
{
	struct user_regs_struct regs = { 0 };
	int rc = transfer(PTRACE_GETREGSET, tid, NT_PRSTATUS, &regs, sizeof(regs));

	*out = regs.sp;
	return rc;
}

int ft_arch_set_args(pid_t tid, enum ft_abi abi, const uint64_t args[6])
{
	struct ft_registers regs;
	int rc = ft_arch_get_registers(tid, &regs);

	(void)abi;
	memcpy(regs.value, args, 6 * sizeof(uint64_t)); /* x0 to x5 */
	return rc < 0 ? rc : ft_arch_set_registers(tid, &regs);
}

int ft_arch_set_result(pid_t tid, int64_t ret)
{
	struct ft_registers regs;
	int rc = ft_arch_get_registers(tid, &regs);

	regs.value[0] = (uint64_t)ret;
	return rc < 0 ? rc : ft_arch_set_registers(tid, &regs);
}

int ft_arch_instruction(pid_t tid, uint64_t *out)
{
	struct user_regs_struct regs = { 0 };
	int rc = transfer(PTRACE_GETREGSET, tid, NT_PRSTATUS, &regs, sizeof(regs));

	*out = regs.pc;
	return rc;
}

int ft_arch_thread_pointer(pid_t tid, uint64_t *out)
{
	(void)tid;
	(void)out;
	return -EOPNOTSUPP; /* the C library has its thread somewhere before the register's */
}

bool ft_arch_is_same_place(const struct ft_registers *a, const struct ft_registers *b)
{
	return a->value[31] == b->value[31] && a->value[32] == b->value[32]; /* sp, pc */
}

void ft_arch_forget_call(struct ft_registers *registers)
{
	(void)registers; /* the kernel looks at whether the pc has been changed */
}

int64_t ft_arch_result(const struct ft_registers *registers)
{
	return (int64_t)registers->value[0];
}

/* Also for a process that shares our thread's memory (bell.c): no sanitizer may note that it was here. */
__attribute__((no_sanitize("thread"))) long ft_arch_raw_syscall(
	long nr, long a, long b, long c, long d, long e, long f)
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
