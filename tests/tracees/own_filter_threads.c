/* Threads that make a call all the time come under a filter by which a handler answers it (TSYNC), then each sets one of
 * its own that denies another call.
 * oracle: no (how often they call before)
 * arch: x86_64
 * counted: no (its filter keeps calls from being made)
 */
#define _GNU_SOURCE
#include "expect.h"
#include "filter.h"
#include "raw.h"
#include <pthread.h>
#include <signal.h>
#include <ucontext.h>

#define THREADS 4
#define ANSWER	0x10000000 /* no process has that id */

static long ppid;

static void on_sigsys(int sig, siginfo_t *info, void *context)
{
	greg_t *regs = ((ucontext_t *)context)->uc_mcontext.gregs;

	expect(sig == SIGSYS && info->si_code == 1 && info->si_syscall == SYS_getppid);
	expect(regs[REG_RIP] == (greg_t)info->si_call_addr && regs[REG_RCX] == regs[REG_RIP]);
	regs[REG_RAX] = ANSWER + regs[REG_RDI];
}

static void *body(void *which)
{
	const long i = (long)which;

	while (raw(SYS_getppid, i) == ppid)
		;
	set_only(0, SYS_getuid, SECCOMP_RET_ERRNO | (unsigned int)(100 + i));
	for (int n = 0; n < 200; n++) {
		expect(raw(SYS_getppid, i) == ANSWER + i);
		expect(raw(SYS_getuid) == -(100 + i));
	}
	return (void *)(i + in_child(expect(raw(SYS_getuid) == -(100 + i))));
}

int main(void)
{
	struct sigaction sa = { .sa_sigaction = on_sigsys, .sa_flags = SA_SIGINFO };
	const long uid = getuid();
	pthread_t threads[THREADS];
	long sum = 0;

	ppid = getppid();
	must(sigaction(SIGSYS, &sa, NULL));
	for (long i = 0; i < THREADS; i++)
		must_zero(pthread_create(&threads[i], NULL, body, (void *)i));
	set_only(SECCOMP_FILTER_FLAG_TSYNC, SYS_getppid, SECCOMP_RET_TRAP);
	for (long i = 0; i < THREADS; i++) {
		void *got;

		must_zero(pthread_join(threads[i], &got));
		sum += (long)got;
	}
	expect(raw(SYS_getuid) == uid);
	printf("sum %ld\n", sum);
	return 0;
}
