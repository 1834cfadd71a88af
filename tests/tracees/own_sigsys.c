/* SIGSYS and SIGTRAP as the program's own: handled, ignored, waited for, blocked and deadly, between calls.
 * arch: x86_64
 */
#define _GNU_SOURCE
#include "expect.h"
#include "raw.h"
#include <signal.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <ucontext.h>

extern char after_int3[];
static const int signals[] = { SIGSYS, SIGTRAP };
static volatile int count[32], code[32], value;
static void *volatile rip;

static void handler(int sig, siginfo_t *info, void *context)
{
	count[sig]++;
	code[sig] = info->si_code;
	value = info->si_code == SI_QUEUE ? info->si_value.sival_int : 0;
	expect(info->si_code == SI_KERNEL || info->si_pid == getpid());
	rip = (void *)((ucontext_t *)context)->uc_mcontext.gregs[REG_RIP];
	expect(raw(SYS_getppid) == getppid());
}

static void calls(void)
{
	expect(raw(SYS_getppid) == getppid());
	expect(raw(SYS_getuid) == getuid());
	expect(raw(SYS_nfsservctl) == -ENOSYS);
}

static __attribute__((noinline)) void int3(void)
{
	__asm__ volatile("int3\n.globl after_int3\nafter_int3:");
}

static void handled(int sig)
{
	struct sigaction sa = { .sa_sigaction = handler, .sa_flags = SA_SIGINFO | SA_NODEFER }, now;

	sigaddset(&sa.sa_mask, SIGUSR2);
	must(sigaction(sig, NULL, &now));
	expect(now.sa_handler == SIG_DFL);
	must(sigaction(sig, &sa, NULL));
	for (int i = 0; i < 10; i++) {
		calls();
		must(kill(getpid(), sig));
		expect(count[sig] == 3 * i + 1 && code[sig] == SI_USER);
		must((int)syscall(SYS_tgkill, getpid(), gettid(), sig));
		expect(count[sig] == 3 * i + 2 && code[sig] == SI_TKILL);
		must(sigqueue(getpid(), sig, (union sigval){ .sival_int = 77 }));
		expect(count[sig] == 3 * i + 3 && code[sig] == SI_QUEUE && value == 77);
		must(sigaction(sig, NULL, &now));
		expect(now.sa_sigaction == handler && sigismember(&now.sa_mask, SIGUSR2) == 1);
		expect((now.sa_flags & ~0x04000000) == sa.sa_flags); /* libc's SA_RESTORER */
	}
}

static sigset_t block(int sig)
{
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, sig);
	must(sigprocmask(SIG_BLOCK, &set, NULL));
	return set;
}

static void ignored_and_blocked(int sig)
{
	struct sigaction sa = { .sa_handler = SIG_IGN }, now;
	struct signalfd_siginfo told;
	sigset_t set, pending;
	siginfo_t info;
	int fd;

	must(sigaction(sig, &sa, NULL));
	calls();
	must(kill(getpid(), sig));
	must(raise(sig));
	calls();
	must(sigaction(sig, NULL, &now));
	expect(now.sa_handler == SIG_IGN);
	must(sigaction(sig, &(struct sigaction){ .sa_handler = SIG_DFL }, NULL));
	set = block(sig);
	must(kill(getpid(), sig));
	calls();
	must(sigpending(&pending));
	expect(sigismember(&pending, sig));
	expect(sigwaitinfo(&set, &info) == sig && info.si_pid == getpid());
	fd = must(signalfd(-1, &set, SFD_NONBLOCK));
	expect(read(fd, &told, sizeof(told)) == -1 && errno == EAGAIN);
	must(kill(getpid(), sig));
	expect(read(fd, &told, sizeof(told)) == sizeof(told) && (int)told.ssi_signo == sig);
	must(close(fd));
	must(sigprocmask(SIG_UNBLOCK, &set, NULL));
	calls();
}

int main(void)
{
	struct rlimit none = { 0, 0 };

	must(setrlimit(RLIMIT_CORE, &none));
	for (int i = 0; i < 2; i++) {
		handled(signals[i]);
		if (signals[i] == SIGTRAP) {
			for (int j = 0; j < 10; j++) {
				int3();
				expect(count[SIGTRAP] == 31 + j && code[SIGTRAP] == SI_KERNEL);
				expect(rip == after_int3);
				calls();
			}
		}
		ignored_and_blocked(signals[i]);
		expect(in_child(calls(); raise(signals[i])) == -signals[i]);
	}
	/* A trap is not to be ignored, nor to be put off. */
	expect(in_child(signal(SIGTRAP, SIG_IGN); int3()) == -SIGTRAP);
	expect(in_child(block(SIGTRAP); int3()) == -SIGTRAP);
	printf("SIGSYS %d SIGTRAP %d\n", count[SIGSYS], count[SIGTRAP]);
	return 0;
}
