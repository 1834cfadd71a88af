/* For attacks.c: signals that a tracer works with, forged, blocked, handled and by the hundred. */
#ifndef ATTACKS_SIGNALS_H
#define ATTACKS_SIGNALS_H

#include <sys/time.h>

#include "attack.h"

#define MOSTLY_OURS one_of(SIGSYS, SIGTRAP, SIGSEGV, SIGBUS, SIGILL, SIGUSR1, SIGCHLD)

static void nothing(int sig)
{
	(void)sig;
	if (below(2))
		raw(SYS_getppid);
}

static void dispose(void)
{
	struct sigaction sa = { .sa_handler = below(3)	 ? nothing
					      : below(2) ? SIG_IGN
							 : SIG_DFL,
		.sa_flags = (int)one_of(0, SA_RESTART, SA_NODEFER, SA_ONSTACK, SA_RESETHAND) };

	*(uint64_t *)&sa.sa_mask = (uint64_t)one_of(0, any(), -1);
	sigaction((int)MOSTLY_OURS, &sa, NULL);
}

static long odd_place(void)
{
	static uint64_t own[8];

	return one_of(0, 8, (long)own, 0x7e9000000000 + (long)below(0x12000),
		0x7e9010000000 + (long)below(0x140000), (long)page(PROT_READ),
		(long)page(PROT_READ | PROT_WRITE), any());
}

/* Structures in places where none can be, or that are the tracer's. */
static void odd_actions(void)
{
	for (int i = 0; i < 20; i++)
		raw(SYS_rt_sigaction, MOSTLY_OURS | one_of(0, 0, 1L << 32), odd_place(),
			odd_place(), one_of(8, 8, 8, 4, any()));
}

static void mask(void)
{
	uint64_t set = 1ull << (MOSTLY_OURS - 1) | (uint64_t)one_of(0, 0, any());

	raw(SYS_rt_sigprocmask, (int)below(3), &set, 0, 8);
}

static void other_stack(void)
{
	stack_t s = { .ss_sp = (void *)one_of(
			      (long)page(PROT_READ), (long)page(PROT_READ | PROT_WRITE), 0x1000),
		.ss_size = 4096,
		.ss_flags = (int)one_of(0, SS_DISABLE, 1u << 31) };

	sigaltstack(&s, NULL);
}

static void storm(void)
{
	const struct itimerval each = { { 0, 200 }, { 0, 200 } }, none = { 0 };

	signal(SIGALRM, nothing);
	setitimer(ITIMER_REAL, &each, NULL);
	for (int i = 0; i < 300; i++) {
		close(-1);
		sched_yield();
	}
	setitimer(ITIMER_REAL, &none, NULL);
	signal(SIGALRM, SIG_DFL);
}

/* To oneself any si_code may be sent: as if the dispatch, a breakpoint or a fault had raised it. */
static void forge_info(void)
{
	siginfo_t info = { .si_signo = (int)MOSTLY_OURS,
		.si_code = (int)one_of(1, 2, 3, 4, 0x80, 0x85, -6, any()) };

	if (info.si_signo == SIGSEGV || info.si_signo == SIGILL)
		signal(info.si_signo, nothing);
	info.si_addr = (void *)one_of(0, 0x7e9000000000 + below(4096), any());
	if (below(2))
		info.si_errno = (int)any();
	syscall(SYS_rt_tgsigqueueinfo, getpid(), gettid(), info.si_signo, &info);
}

static void raise_ours(void)
{
	signal((int)one_of(SIGSYS, SIGTRAP), nothing);
	raise((int)one_of(SIGSYS, SIGTRAP));
}

/* Two of a group stop each other; who waits for them lets them go on. */
static void stop(void)
{
	pid_t pid = fork();

	if (!pid) {
		kill(getppid(), SIGSTOP);
		kill(getppid(), SIGCONT);
		_exit(0);
	}
	if (pid < 0)
		return;
	kill(pid, SIGSTOP);
	kill(pid, SIGCONT);
	waitpid(pid, NULL, 0);
}

#endif
