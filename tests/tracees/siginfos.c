/*
 * role: named
 * arch: x86_64
 *
 * Sends itself signals whose siginfo says anything that a kernel may say: of each layout of the union, with zeros
 * and without; to oneself rt_sigqueueinfo(2) sends any code. And some that the kernel makes.
 */
#define _GNU_SOURCE
#include "must.h"
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static void handler(int number)
{
	(void)number;
}

static void send_forged(int signo, int error, int code, int filled)
{
	struct {
		int signo, error, code, pad;
		unsigned long rest[14];
	} info = { .signo = signo, .error = error, .code = code };

	if (filled) {
		info.rest[0] = 7ul << 32 | 0xfffffff9u;
		info.rest[1] = 0xc000003e00000001ul;
		info.rest[2] = 300;
		info.rest[3] = 0x7f0012345678ul;
	}
	must(syscall(SYS_rt_sigqueueinfo, getpid(), signo, &info));
}

static void by_a_descriptor(int signal_of)
{
	int ends[2];

	must(pipe(ends));
	must(fcntl(ends[0], F_SETOWN, getpid()));
	must(fcntl(ends[0], F_SETSIG, signal_of));
	must(fcntl(ends[0], F_SETFL, O_ASYNC));
	must(write(ends[1], "x", 1));
	must(close(ends[0]));
	must(close(ends[1]));
}

static void by_a_timer(void)
{
	struct sigevent event = {
		.sigev_notify = SIGEV_SIGNAL,
		.sigev_signo = SIGRTMIN + 1,
		.sigev_value.sival_ptr = (void *)0x123456789aul,
	};
	struct itimerspec soon = { .it_value.tv_nsec = 1 };
	sigset_t all, one;
	timer_t timer;

	sigfillset(&all);
	sigemptyset(&one);
	must(sigprocmask(SIG_BLOCK, &all, &one));
	must(timer_create(CLOCK_MONOTONIC, &event, &timer));
	must(timer_settime(timer, 0, &soon, NULL));
	sigdelset(&all, SIGRTMIN + 1);
	sigsuspend(&all);
	must(sigprocmask(SIG_SETMASK, &one, NULL));
}

static void child_ends(int status)
{
	siginfo_t info;
	pid_t child = must(fork());

	if (!child)
		_exit(status);
	must(waitid(P_PID, (id_t)child, &info, WEXITED));
}

int main(void)
{
	static const int of[] = { SIGCHLD, SIGSEGV, SIGBUS, SIGILL, SIGFPE, SIGIO, SIGTRAP, SIGSYS,
		SIGUSR1, SIGPROF, SIGWINCH };

	for (int i = 1; i < 65; i++)
		if (i != SIGKILL && i != SIGSTOP && i != 32 && i != 33)
			must(signal(i, handler) == SIG_ERR ? -1 : 0);
	for (unsigned i = 0; i < sizeof(of) / sizeof(of[0]); i++) {
		for (int code = -8; code < 10; code++) {
			/* The traps of whoever traces us by Syscall User Dispatch. */
			if (of[i] == SIGSYS && code == 2)
				continue;
			send_forged(of[i], 0, code, 0);
			send_forged(of[i], 0, code, 1);
		}
		send_forged(of[i], 5, 100, 1);
		send_forged(of[i], 4000, -60, 1);
		if (of[i] != SIGTRAP)
			send_forged(of[i], 0, SI_KERNEL, 1);
	}
	must(sigqueue(getpid(), SIGUSR1, (union sigval){ .sival_int = -3 }));
	must(sigqueue(getpid(), SIGRTMIN + 3, (union sigval){ .sival_ptr = (void *)0x1234567890 }));
	must(syscall(SYS_tgkill, getpid(), getpid(), SIGUSR2));
	by_a_descriptor(SIGIO);
	by_a_descriptor(SIGRTMIN + 2);
	by_a_descriptor(0);
	by_a_timer();
	child_ends(7);
	return 0;
}
