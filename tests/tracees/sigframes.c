/*
 * role: named
 *
 * Returns from handlers of both kinds of frame to masks of many signals, those of the upper half too.
 */
#define _GNU_SOURCE
#include "must.h"
#include <signal.h>
#include <sys/time.h>

static void handler(int number)
{
	(void)number;
}

static void with_info(int number, siginfo_t *info, void *context)
{
	(void)number;
	(void)info;
	(void)context;
}

/* The one that interrupts a call makes sigreturn give back its -EINTR. */
static void interrupt_a_call(void)
{
	const struct itimerval soon = { .it_value.tv_usec = 10000 };
	sigset_t blocked, set;

	sigemptyset(&blocked);
	sigaddset(&blocked, SIGALRM);
	must(sigprocmask(SIG_BLOCK, &blocked, &set));
	must(setitimer(ITIMER_REAL, &soon, NULL));
	sigsuspend(&set);
}

int main(void)
{
	const int masked[] = { 0, SIGINT, SIGCHLD, SIGRTMIN + 5, 64 };
	struct sigaction plain = { .sa_handler = handler };
	struct sigaction informed = { .sa_sigaction = with_info, .sa_flags = SA_SIGINFO };
	sigset_t set;

	must(sigaction(SIGUSR1, &plain, NULL));
	must(sigaction(SIGALRM, &plain, NULL));
	must(sigaction(SIGUSR2, &informed, NULL));
	sigemptyset(&set);
	for (unsigned i = 0; i < sizeof(masked) / sizeof(masked[0]); i++) {
		if (masked[i])
			sigaddset(&set, masked[i]);
		must(sigprocmask(SIG_SETMASK, &set, NULL));
		must(raise(SIGUSR1));
		must(raise(SIGUSR2));
	}
	interrupt_a_call();
	return 0;
}
