/* Threads that make a call all the time come under a filter by which a handler answers it (TSYNC), then each sets one of
 * its own that denies another call.
 * oracle: no (how often they call before)
 * arch: x86_64
 */
#define _GNU_SOURCE
#include "expect.h"
#include "raw.h"
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <pthread.h>
#include <signal.h>
#include <stddef.h>
#include <sys/prctl.h>
#include <ucontext.h>

#define THREADS 4
#define ANSWER	0x10000000 /* no process has that id */

static long ppid;

static void install(unsigned int nr, unsigned int action, unsigned int flags)
{
	struct sock_filter code[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, nr, 0, 1),
		BPF_STMT(BPF_RET | BPF_K, action),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
	};
	struct sock_fprog prog = { sizeof(code) / sizeof(code[0]), code };

	must(syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, flags, &prog));
}

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
	install(SYS_getuid, SECCOMP_RET_ERRNO | (unsigned int)(100 + i), 0);
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
	must(prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0));
	for (long i = 0; i < THREADS; i++)
		must_zero(pthread_create(&threads[i], NULL, body, (void *)i));
	install(SYS_getppid, SECCOMP_RET_TRAP, SECCOMP_FILTER_FLAG_TSYNC);
	for (long i = 0; i < THREADS; i++) {
		void *got;

		must_zero(pthread_join(threads[i], &got));
		sum += (long)got;
	}
	expect(raw(SYS_getuid) == uid);
	printf("sum %ld\n", sum);
	return 0;
}
