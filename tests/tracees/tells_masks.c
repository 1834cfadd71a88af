/*
 * role: named
 * arch: x86_64
 *
 * Masks of signals.
 */
#include "tells.h"
#include <signal.h>

int main(void)
{
	unsigned long set = 1 << (SIGUSR1 - 1) | 1UL << 33, all = -1UL, old;

	syscall(SYS_rt_sigprocmask, SIG_BLOCK, &set, &old, 8);
	syscall(SYS_rt_sigprocmask, SIG_UNBLOCK, &all, NULL, 8);
	syscall(SYS_rt_sigprocmask, SIG_SETMASK, NULL, &old, 8);
	syscall(SYS_rt_sigprocmask, 99, &set, NULL, 8);
	syscall(SYS_rt_sigprocmask, SIG_BLOCK, NULL, NULL, 8);
	syscall(SYS_rt_sigprocmask, SIG_BLOCK, &set, NULL, 4);
	syscall(SYS_rt_sigprocmask, SIG_BLOCK, WRONG, &old, 8);
	syscall(SYS_rt_sigprocmask, SIG_BLOCK, at_the_end(&set, 8), NULL, 8);
	syscall(SYS_rt_sigprocmask, SIG_BLOCK, at_the_end(&set, 7), NULL, 8);
	syscall(SYS_rt_sigpending, &old, 8);
	syscall(SYS_rt_sigpending, &old, 4);
	syscall(SYS_rt_sigpending, WRONG, 8);
	return 0;
}
