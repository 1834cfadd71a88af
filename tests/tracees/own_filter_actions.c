/* Children with seccomp filters that deny, trap, kill and look at where a call comes from.
 * arch: x86_64
 * counted: no (its filter keeps calls from being made)
 */
#define _GNU_SOURCE
#include "expect.h"
#include "filter.h"
#include "raw.h"
#include <linux/audit.h>
#include <signal.h>
#include <sys/resource.h>
#include <ucontext.h>

#define INSTALL(code) set_filter(0, code, sizeof(code) / sizeof(code[0]))

static volatile int trapped;
extern char after_trap[], after_known[];

static void calls(void)
{
	expect(raw(SYS_getpid) == getpid() && raw(SYS_gettid) == getpid());
	expect(raw(SYS_nfsservctl) == -ENOSYS && access("/does/not/exist", R_OK) == -1);
	expect(in_child(expect(raw(SYS_getuid) == getuid())) == 0);
}

static __attribute__((noinline)) long trap(long a)
{
	long ret;

	__asm__ volatile("syscall\n.globl after_trap\nafter_trap:"
		: "=a"(ret)
		: "a"(SYS_getppid), "D"(a)
		: "rcx", "r11", "memory");
	return ret;
}

static __attribute__((noinline)) long known(void)
{
	long ret;

	__asm__ volatile("syscall\n.globl after_known\nafter_known:"
		: "=a"(ret)
		: "a"(SYS_getppid)
		: "rcx", "r11", "memory");
	return ret;
}

static void on_sigsys(int sig, siginfo_t *info, void *context)
{
	greg_t *regs = ((ucontext_t *)context)->uc_mcontext.gregs;

	expect(sig == SIGSYS && info->si_code == 1 && info->si_errno == 55); /* SYS_SECCOMP */
	expect(info->si_syscall == SYS_getppid && info->si_arch == AUDIT_ARCH_X86_64);
	expect(info->si_call_addr == after_trap && regs[REG_RIP] == (greg_t)after_trap);
	expect(regs[REG_RAX] == SYS_getppid && regs[REG_RDI] == trapped);
	regs[REG_RAX] = 4000 + trapped++;
}

static void traps(void)
{
	struct sigaction sa = { .sa_sigaction = on_sigsys, .sa_flags = SA_SIGINFO };

	must(sigaction(SIGSYS, &sa, NULL));
	calls();
	set_only(0, SYS_getppid, SECCOMP_RET_TRAP | 55);
	for (int i = 0; i < 50; i++)
		expect(trap(i) == 4000 + i);
	calls();
}

static void denies(int times)
{
	for (int i = 0; i < times; i++) {
		set_only(0, SYS_getppid, SECCOMP_RET_ERRNO | (unsigned int)(EXDEV + i));
		for (int j = 0; j < 10; j++)
			expect(raw(SYS_getppid) == -(EXDEV + i) && getppid() == -(EXDEV + i));
		calls();
	}
}

/* getppid only from one place, as the kernel sees it. */
static void from_one_place(void)
{
	unsigned long at = (unsigned long)after_known;
	long ppid = getppid();
	struct sock_filter code[] = {
		LOAD(nr),
		SKIP_UNLESS(SYS_getppid, 4),
		LOAD(instruction_pointer),
		SKIP_UNLESS(at, 3),
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS,
			offsetof(struct seccomp_data, instruction_pointer) + 4),
		SKIP_UNLESS(at >> 32, 1),
		RETURN(SECCOMP_RET_ALLOW),
		RETURN(SECCOMP_RET_ERRNO | EXDEV),
	};

	INSTALL(code);
	for (int i = 0; i < 50; i++) {
		expect(raw(SYS_getppid) == -EXDEV && getppid() == -EXDEV);
		expect(known() == ppid);
	}
	calls();
}

int main(void)
{
	struct rlimit none = { 0, 0 };

	must(setrlimit(RLIMIT_CORE, &none));
	printf("errno %d\n", in_child(denies(3)));
	printf("trap %d\n", in_child(traps()));
	printf("trap by default %d\n",
		in_child(set_only(0, SYS_getppid, SECCOMP_RET_TRAP); trap(0)));
	printf("kill %d\n",
		in_child(set_only(0, SYS_getppid, SECCOMP_RET_KILL_PROCESS); calls(); trap(0)));
	printf("kill thread %d\n",
		in_child(set_only(0, SYS_getppid, SECCOMP_RET_KILL_THREAD); calls(); trap(0)));
	printf("allow %d\n",
		in_child(set_only(0, SYS_getppid, SECCOMP_RET_ALLOW); calls(); getppid()));
	printf("log %d\n", in_child(set_only(0, SYS_getppid, SECCOMP_RET_LOG); calls(); getppid()));
	printf("from one place %d\n", in_child(from_one_place()));
	return 0;
}
