/*
 * role: named
 * arch: x86_64
 *
 * Signals from a timer, the kernel, a process and the processor, and of children that end in each way.
 */
#define _GNU_SOURCE
#include "asleep.h"
#include "must.h"
#include <signal.h>
#include <sys/resource.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static void handler(int number)
{
	(void)number;
}

static void invalid(void)
{
	__asm__ volatile("ud2");
}

static void privileged(void)
{
	__asm__ volatile("hlt");
}

static void unmapped(void)
{
	*(volatile char *)8 = 0;
}

static void child_dies(void (*how)(void))
{
	pid_t child = must(fork());

	if (!child) {
		how();
		_exit(1);
	}
	must(waitpid(child, NULL, 0));
}

/* Blocked until then: it may have come before. */
static void wait_for(int number)
{
	sigset_t others;

	sigfillset(&others);
	sigdelset(&others, number);
	sigsuspend(&others);
}

/*
 * Of signals that are alike one waits at most: each is awaited before there is cause for the next. The kernel tells that
 * a child continues before that takes its SIGCONT, of which SIGKILL would leave nothing: it says when it has.
 */
static void child_is_sent_signals(void)
{
	int went_on[2];
	pid_t child;
	char byte;

	must(pipe(went_on));
	child = must(fork());
	if (!child) {
		must(signal(SIGCONT, handler) == SIG_ERR ? -1 : 0);
		pause();
		must(write(went_on[1], "x", 1));
		for (;;)
			pause();
	}
	until_asleep(&child);
	must(kill(child, SIGSTOP));
	wait_for(SIGCHLD);
	must(waitpid(child, NULL, WUNTRACED));
	must(kill(child, SIGCONT));
	wait_for(SIGCHLD);
	must(waitpid(child, NULL, WCONTINUED));
	must(read(went_on[0], &byte, 1));
	must(kill(child, SIGKILL));
	wait_for(SIGCHLD);
	must(waitpid(child, NULL, 0));
}

int main(void)
{
	const int awaited[] = { SIGALRM, SIGRTMIN + 1, SIGCHLD };
	struct itimerval soon = { .it_value.tv_usec = 10000 };
	struct itimerspec too = { .it_value.tv_nsec = 10000000 };
	struct sigevent event = { .sigev_notify = SIGEV_SIGNAL, .sigev_signo = SIGRTMIN + 1 };
	struct rlimit none = { 0, 0 };
	sigset_t blocked, before;
	timer_t timer;

	must(setrlimit(RLIMIT_CORE, &none));
	sigemptyset(&blocked);
	for (unsigned i = 0; i < sizeof(awaited) / sizeof(awaited[0]); i++) {
		must(signal(awaited[i], handler) == SIG_ERR ? -1 : 0);
		sigaddset(&blocked, awaited[i]);
	}
	must(sigprocmask(SIG_BLOCK, &blocked, &before));
	must(setitimer(ITIMER_REAL, &soon, NULL));
	wait_for(SIGALRM);
	must(timer_create(CLOCK_MONOTONIC, &event, &timer));
	must(timer_settime(timer, 0, &too, NULL));
	wait_for(SIGRTMIN + 1);
	child_is_sent_signals();
	must(sigprocmask(SIG_SETMASK, &before, NULL));
	child_dies(invalid);
	child_dies(privileged);
	child_dies(unmapped);
	child_dies(abort);
	return 0;
}
