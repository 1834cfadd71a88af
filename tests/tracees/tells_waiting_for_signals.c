/*
 * role: named
 * arch: x86_64
 *
 * Signals that are waited for.
 */
#include "tells.h"
#include <signal.h>
#include <sys/signalfd.h>
#include <time.h>

int main(void)
{
	struct timespec none = { 0, 0 }, odd = { -1, 1000000000 };
	sigset_t set;
	siginfo_t info;

	sigemptyset(&set);
	sigaddset(&set, SIGUSR1);
	sigprocmask(SIG_BLOCK, &set, NULL);
	kill(getpid(), SIGUSR1);
	syscall(SYS_rt_sigpending, &set, 8);
	syscall(SYS_rt_sigtimedwait, &set, &info, &none, 8);
	syscall(SYS_rt_sigtimedwait, &set, &info, &none, 8);
	syscall(SYS_rt_sigtimedwait, &set, NULL, &odd, 8);
	syscall(SYS_rt_sigtimedwait, WRONG, NULL, WRONG, 8);
	syscall(SYS_rt_sigsuspend, WRONG, 8);
	syscall(SYS_rt_sigsuspend, &set, 4);
	signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
	syscall(SYS_signalfd, -1, &set, 8);
	syscall(SYS_signalfd4, 99, WRONG, 8, 0x77);
	return 0;
}
