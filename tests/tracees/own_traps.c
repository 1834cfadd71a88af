/* Handlers for SIGSYS and SIGTRAP, and their being ignored, stay as they were set: over first calls made while both are
 * blocked, in their own handlers, by threads, forks, vforks, other processes that share them, and an exec. It prints
 * nothing but its last line. "threads": among threads that block both and trap; "waits": until its input ends, and says
 * what it finds then; "leaves": calls that the inline engine leaves it for.
 * arch: x86_64
 */
#define _GNU_SOURCE
#include "expect.h"
#include "raw.h"
#include "status.h"
#include <asm/prctl.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdint.h>
#include <string.h>

struct kernel_action {
	uint64_t handler, flags, restorer, mask;
};

static const int signals[] = { SIGSYS, SIGTRAP };
static volatile int count[32];
static sigset_t all;

static void handler(int sig)
{
	count[sig]++;
	expect(raw(SYS_getppid) == getppid());
	expect(raw(SYS_getuid) == getuid());
}

static void other_handler(int sig)
{
	count[sig] += 100;
}

static uint64_t now(int sig)
{
	struct kernel_action action;

	expect(raw(SYS_rt_sigaction, sig, NULL, &action, 8) == 0);
	return action.handler;
}

static void handle(int sig)
{
	struct sigaction sa = { .sa_handler = handler, .sa_flags = SA_RESTART };

	sigfillset(&sa.sa_mask);
	must(sigaction(sig, &sa, NULL));
}

static void expect_handled(int sig)
{
	struct sigaction is;
	int before = count[sig];

	must(sigaction(sig, NULL, &is));
	expect(is.sa_handler == handler && (is.sa_flags & ~0x04000000) == SA_RESTART);
	expect(sigismember(&is.sa_mask, SIGUSR1) == 1);
	must(raise(sig));
	expect(count[sig] == before + 1);
}

static void expect_ignored(int sig)
{
	expect(now(sig) == (uintptr_t)SIG_IGN);
	must(raise(sig));
	must(kill(getpid(), sig));
}

/* Calls that nobody has made yet, so that each traps. */
#define first_calls()                                                                              \
	do {                                                                                       \
		expect(raw(SYS_getppid) == getppid());                                             \
		expect(raw(SYS_getpid) == getpid());                                               \
		expect(raw(SYS_gettid) == gettid());                                               \
		expect(raw(SYS_nfsservctl) == -ENOSYS);                                            \
	} while (0)

static void *thread(void *unused)
{
	(void)unused;
	for (int i = 0; i < 2; i++)
		expect_handled(signals[i]);
	first_calls();
	return NULL;
}

static void over_blocked_calls(void)
{
	pthread_t other;

	for (int i = 0; i < 2; i++)
		handle(signals[i]);
	must(sigprocmask(SIG_BLOCK, &all, NULL));
	first_calls();
	expect(in_child(first_calls(); must(sigprocmask(SIG_UNBLOCK, &all, NULL));
		       expect_handled(SIGSYS); expect_handled(SIGTRAP)) == 0);
	must(sigprocmask(SIG_UNBLOCK, &all, NULL));
	expect(!pthread_create(&other, NULL, thread, NULL) && !pthread_join(other, NULL));
	for (int i = 0; i < 2; i++)
		expect_handled(signals[i]);
	first_calls();
	for (int i = 0; i < 2; i++)
		expect_handled(signals[i]);
}

static void badly_asked(void)
{
	struct kernel_action action = { .handler = (uintptr_t)SIG_IGN };

	for (int i = 0; i < 2; i++) {
		expect(raw(SYS_rt_sigaction, signals[i], &action, NULL, 4) == -EINVAL);
		expect(raw(SYS_rt_sigaction, signals[i], 8, NULL, 8) == -EFAULT);
		expect_handled(signals[i]);
		expect(raw(SYS_rt_sigaction, signals[i] | 1L << 32, &action, 8, 8) == -EFAULT);
		expect_ignored(signals[i]); /* for the old one is written at last */
		handle(signals[i]);
	}
}

static volatile int looping;

static void *calls(void *unused)
{
	(void)unused;
	while (looping) {
		must(sigprocmask(SIG_BLOCK, &all, NULL));
		expect(syscall(SYS_getppid) == getppid());
		must(close(must(dup(1))));
		must(sigprocmask(SIG_UNBLOCK, &all, NULL));
	}
	return NULL;
}

/* That a signal is ignored takes traps of it away from nobody. */
static void among_threads(void)
{
	pthread_t others[4];

	looping = 1;
	for (int i = 0; i < 4; i++)
		expect(!pthread_create(&others[i], NULL, calls, NULL));
	for (int i = 0; i < 200; i++) {
		for (int k = 0; k < 2; k++) {
			must(sigaction(
				signals[k], &(struct sigaction){ .sa_handler = SIG_IGN }, NULL));
			expect_ignored(signals[k]);
			handle(signals[k]);
		}
		if (i % 20 == 0)
			expect(in_child(first_calls()) == 0);
	}
	looping = 0;
	for (int i = 0; i < 4; i++)
		expect(!pthread_join(others[i], NULL));
}

static int sets_another(void *unused)
{
	(void)unused;
	signal(SIGSYS, other_handler);
	_exit(0);
}

static void shared_or_not(void)
{
	static char stack[65536] __attribute__((aligned(16)));
	void *top = stack + sizeof(stack);
	pid_t pid;

	handle(SIGSYS);
	expect(end_of(must(clone(sets_another, top, CLONE_VM | SIGCHLD, NULL))) == 0);
	expect_handled(SIGSYS);
	expect(end_of(must(clone(sets_another, top, CLONE_VM | CLONE_SIGHAND | SIGCHLD, NULL))) ==
		0);
	count[SIGSYS] = 0;
	must(sigprocmask(SIG_BLOCK, &all, NULL));
	first_calls();
	must(sigprocmask(SIG_UNBLOCK, &all, NULL));
	must(raise(SIGSYS));
	expect(count[SIGSYS] == 100);
	handle(SIGSYS);
	pid = vfork();
	if (!pid) {
		signal(SIGSYS, SIG_IGN);
		_exit(0);
	}
	expect(end_of(pid) == 0);
	expect_handled(SIGSYS);
}

int main(int argc, char **argv)
{
	int status;

	sigfillset(&all);
	if (argc > 1 && !strcmp(argv[1], "ignored")) { /* by its maker */
		for (int i = 0; i < 2; i++)
			expect_ignored(signals[i]);
		first_calls();
		expect(in_child(expect_ignored(SIGSYS)) == 0);
		signal(SIGTRAP, SIG_DFL);
		expect(in_child(raise(SIGTRAP)) == -SIGTRAP);
		expect_ignored(SIGSYS);
		return 7;
	}
	if (argc > 1 && !strcmp(argv[1], "leaves")) {
		handle(SIGTRAP);
		signal(SIGSYS, SIG_IGN);
		must((int)syscall(SYS_arch_prctl, ARCH_SET_GS, 0));
		expect(status_mask("SigIgn:") >> (SIGSYS - 1) & 1);
		expect_handled(SIGTRAP);
		expect_ignored(SIGSYS);
		if (!fork()) {
			signal(SIGTRAP, SIG_IGN);
			execl("/proc/self/exe", argv[0], "both", NULL);
		}
		must(wait(&status));
		expect(WIFEXITED(status) && WEXITSTATUS(status) == 7);
		puts("kept");
		return 0;
	}
	if (argc > 1 && !strcmp(argv[1], "both")) { /* are ignored by its maker, and it leaves */
		must((int)syscall(SYS_arch_prctl, ARCH_SET_GS, 0));
		expect(status_mask("SigIgn:") >> (SIGSYS - 1) & 1);
		expect(status_mask("SigIgn:") >> (SIGTRAP - 1) & 1);
		expect_ignored(SIGSYS);
		expect_ignored(SIGTRAP);
		return 7;
	}
	if (argc > 1 && !strcmp(argv[1], "threads")) {
		among_threads();
		puts("kept");
		return 0;
	}
	if (argc > 1) {
		char byte;

		handle(SIGTRAP);
		signal(SIGSYS, SIG_IGN);
		must(puts("ready"));
		must(fflush(stdout));
		while (read(0, &byte, 1) > 0)
			first_calls();
		expect_handled(SIGTRAP);
		expect_ignored(SIGSYS);
		must(puts("kept"));
		return 0;
	}
	over_blocked_calls();
	badly_asked();
	shared_or_not();
	signal(SIGSYS, SIG_IGN);
	signal(SIGTRAP, SIG_IGN);
	expect(in_child(execl("/proc/self/exe", argv[0], "ignored", NULL)) == 7);
	puts("kept");
	return 0;
}
