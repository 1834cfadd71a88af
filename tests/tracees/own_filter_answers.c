/* Makes a call that its handler answers (SECCOMP_RET_TRAP), again and again until stdin ends, and looks at each answer.
 * role: attach
 * arch: x86_64
 * counted: no (its filter keeps calls from being made)
 */
#define _GNU_SOURCE
#include "expect.h"
#include "filter.h"
#include "raw.h"
#include <poll.h>
#include <signal.h>
#include <ucontext.h>

#define ANSWER 0x10000000

static long answered;

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
	struct pollfd end = { .fd = 0, .events = POLLIN };

	must(sigaction(SIGSYS, &sa, NULL));
	set_only(0, SYS_getppid, SECCOMP_RET_TRAP);
	must(write(1, "ready\n", 6));
	for (long i = 1; i % 1000 || !poll(&end, 1, 0); i++)
		expect(raw(SYS_getppid) == ANSWER + i && answered == i);
	return 0;
}
