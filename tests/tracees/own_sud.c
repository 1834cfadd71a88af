/* Has its own Syscall User Dispatch, with a selector and a SIGSYS handler that emulates calls; without it in the
 * kernel it has nothing to do.
 * arch: x86_64
 */
#define _GNU_SOURCE
#include "expect.h"
#include "raw.h"
#include <pthread.h>
#include <signal.h>
#include <stdbool.h>
#include <sys/prctl.h>
#include <ucontext.h>

#ifndef PR_SET_SYSCALL_USER_DISPATCH
#define PR_SET_SYSCALL_USER_DISPATCH 59
#endif
#define ALLOW 0
#define BLOCK 1
#define SUD(on, from, length, selector)                                                            \
	raw(SYS_prctl, PR_SET_SYSCALL_USER_DISPATCH, on, from, length, selector)

static __thread volatile char selector;
static __thread volatile int dispatched;

static void handler(int sig, siginfo_t *info, void *context)
{
	greg_t *regs = ((ucontext_t *)context)->uc_mcontext.gregs;

	selector = ALLOW;
	expect(sig == SIGSYS && info->si_code == 2); /* SYS_USER_DISPATCH */
	expect(info->si_syscall == (int)regs[REG_RAX]);
	expect(info->si_call_addr == (void *)regs[REG_RIP]);
	expect(((unsigned char *)regs[REG_RIP])[-1] == 5);
	expect(getppid() == raw(SYS_getppid));
	dispatched++;
	regs[REG_RAX] = regs[REG_RDI] + 1000;
}

static void emulated(void)
{
	long ppid = getppid();

	for (int i = 0; i < 50; i++) {
		selector = BLOCK;
		expect(raw(SYS_getppid, i) == 1000 + i);
		expect(raw(SYS_getppid) == ppid);
		selector = BLOCK;
		expect(raw(1 << 20, i) == 1000 + i);
		selector = BLOCK;
		expect(syscall(SYS_close, 7000 + i) == 8000 + i);
		expect(dispatched == 3 * i + 3);
	}
}

/* The text from here on may make calls, whatever the selector says. */
static __attribute__((noinline)) long privileged(void)
{
	return raw(SYS_getppid);
}

static void *run(void *arg)
{
	(void)arg;
	expect(raw(SYS_getppid) == getppid()); /* off in a new thread */
	expect(SUD(1, 0, 0, &selector) == 0);
	emulated();
	selector = ALLOW;
	expect(SUD(0, 0, 0, 0) == 0);
	selector = BLOCK;
	expect(raw(SYS_getppid) == getppid());
	return NULL;
}

int main(void)
{
	struct sigaction sa = { .sa_sigaction = handler, .sa_flags = SA_SIGINFO };
	long ppid = getppid();
	pthread_t t;

	must(sigaction(SIGSYS, &sa, NULL));
	expect(SUD(99, 0, 0, 0) == -EINVAL);
	if (SUD(1, 0, 0, &selector) == -EINVAL) {
		puts("dispatched");
		return 0;
	}
	emulated();
	expect(SUD(0, 1, 1, 0) == -EINVAL);
	expect(SUD(1, 0, 0, -1L) == -EFAULT);
	/* It goes neither to children nor to threads. */
	expect(in_child({
		selector = BLOCK;
		expect(raw(SYS_getpid) != ppid && raw(SYS_getppid) != ppid && dispatched == 150);
	}) == 0);
	must_zero(pthread_create(&t, NULL, run, NULL));
	must_zero(pthread_join(t, NULL));
	/* With a range from which all is allowed. */
	expect(SUD(1, privileged, 64, &selector) == 0);
	selector = BLOCK;
	for (int i = 0; i < 10; i++)
		expect(privileged() == ppid);
	expect(raw(SYS_getppid, 5) == 1005 && dispatched == 151);
	expect(SUD(0, 0, 0, 0) == 0);
	selector = BLOCK;
	expect(raw(SYS_getppid, 5) == ppid && dispatched == 151);
	puts("dispatched");
	return 0;
}
