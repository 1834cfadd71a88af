/*
 * role: named
 * arch: x86_64
 *
 * Signals from a timer, the kernel, a process and the processor, and of children that end in each way.
 */
#define _GNU_SOURCE
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

int main(void)
{
	struct itimerval soon = { .it_value.tv_usec = 10000 };
	struct itimerspec too = { .it_value.tv_nsec = 10000000 };
	struct sigevent event = { .sigev_notify = SIGEV_SIGNAL, .sigev_signo = SIGRTMIN + 1 };
	struct rlimit none = { 0, 0 };
	pid_t child;
	timer_t timer;

	must(setrlimit(RLIMIT_CORE, &none));
	must(signal(SIGALRM, handler) == SIG_ERR ? -1 : 0);
	must(signal(SIGRTMIN + 1, handler) == SIG_ERR ? -1 : 0);
	must(setitimer(ITIMER_REAL, &soon, NULL));
	pause();
	must(timer_create(CLOCK_MONOTONIC, &event, &timer));
	must(timer_settime(timer, 0, &too, NULL));
	pause();
	child = must(fork());
	if (!child) {
		pause();
		_exit(1);
	}
	usleep(150000);
	must(kill(child, SIGSTOP));
	usleep(20000);
	must(waitpid(child, NULL, WUNTRACED));
	must(kill(child, SIGCONT));
	usleep(20000);
	must(waitpid(child, NULL, WCONTINUED));
	must(kill(child, SIGKILL));
	must(waitpid(child, NULL, 0));
	child_dies(invalid);
	child_dies(privileged);
	child_dies(unmapped);
	child_dies(abort);
	return 0;
}
