/* Faults again and again, and jumps out of the handler, until stdin ends; then says how many came to it unlike the others.
 * role: attach
 * oracle: no (how far it comes is a matter of time)
 */
#define _GNU_SOURCE
#include "must.h"
#include <poll.h>
#include <setjmp.h>
#include <signal.h>
#include <stdint.h>
#include <sys/ucontext.h>

#define WHERE	   8
#define PAGE_FAULT 14 /* its number for the processor */

static sigjmp_buf back;
static int wrong;

static void on_fault(int sig, siginfo_t *info, void *context)
{
	const greg_t *regs = ((ucontext_t *)context)->uc_mcontext.gregs;

	wrong += sig != SIGSEGV || info->si_addr != (void *)WHERE || info->si_code != SEGV_MAPERR ||
		 regs[REG_TRAPNO] != PAGE_FAULT || regs[REG_CR2] != WHERE;
	siglongjmp(back, 1);
}

int main(void)
{
	struct sigaction action = { .sa_sigaction = on_fault, .sa_flags = SA_SIGINFO };
	struct pollfd in = { .fd = 0, .events = POLLIN };

	must(sigaction(SIGSEGV, &action, NULL));
	puts("ready");
	fflush(stdout);
	while (!must(poll(&in, 1, 0)))
		for (volatile int i = 0; i < 100; i++)
			if (!sigsetjmp(back, 1))
				*(volatile char *)WHERE = 0;
	printf("wrong: %d\n", wrong);
	return 0;
}
