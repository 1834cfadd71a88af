/* Makes a call that its handler answers (SECCOMP_RET_TRAP), again and again until stdin ends, and looks at each answer.
 * role: attach
 * arch: x86_64
 */
#define _GNU_SOURCE
#include "expect.h"
#include "raw.h"
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <poll.h>
#include <signal.h>
#include <stddef.h>
#include <sys/prctl.h>
#include <ucontext.h>

#define ANSWER 0x10000000

static long answered;

static struct sock_filter code[] = {
	BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
	BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_getppid, 0, 1),
	BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_TRAP),
	BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
};

static void on_sigsys(int sig, siginfo_t *info, void *context)
{
	greg_t *regs = ((ucontext_t *)context)->uc_mcontext.gregs;

	expect(sig == SIGSYS && info->si_code == 1 && info->si_syscall == SYS_getppid);
	expect(regs[REG_RIP] == (greg_t)info->si_call_addr && regs[REG_RCX] == regs[REG_RIP]);
	regs[REG_RAX] = ANSWER + ++answered;
}

int main(void)
{
	struct sigaction sa = { .sa_sigaction = on_sigsys, .sa_flags = SA_SIGINFO };
	struct sock_fprog prog = { sizeof(code) / sizeof(code[0]), code };
	struct pollfd end = { .fd = 0, .events = POLLIN };

	must(sigaction(SIGSYS, &sa, NULL));
	must(prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0));
	must(prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &prog));
	must(write(1, "ready\n", 6));
	for (long i = 1; i % 1000 || !poll(&end, 1, 0); i++)
		expect(raw(SYS_getppid) == ANSWER + i && answered == i);
	return 0;
}
