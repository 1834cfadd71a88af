/*
 * role: named
 * arch: x86_64
 *
 * Signals that are sent, most to nobody.
 */
#include "tells.h"
#include <signal.h>

int main(void)
{
	siginfo_t info = { .si_signo = SIGUSR1, .si_code = SI_QUEUE };

	signal(SIGUSR1, SIG_IGN);
	kill(getpid(), 0);
	kill(getpid(), SIGUSR1);
	kill(2147483647, SIGTERM);
	kill(-2147483647, 77);
	syscall(SYS_tkill, 2147483647, SIGRTMIN);
	syscall(SYS_tkill, 0, 64);
	syscall(SYS_tgkill, 2147483647, -1, 32);
	syscall(SYS_tgkill, 0, 0, 65);
	syscall(SYS_rt_sigqueueinfo, 2147483647, SIGUSR1, &info);
	syscall(SYS_rt_sigqueueinfo, 2147483647, SIGUSR1, WRONG);
	syscall(SYS_rt_tgsigqueueinfo, 2147483647, 2147483647, SIGUSR1, NULL);
	syscall(SYS_pidfd_send_signal, -1, SIGUSR1, NULL, 0);
	syscall(SYS_pidfd_send_signal, -1, SIGUSR1, &info, 1);
	return 0;
}
