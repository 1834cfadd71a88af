/*
 * role: named
 * arch: x86_64
 *
 * Actions for signals.
 */
#include "tells.h"
#include <signal.h>

int main(void)
{
	struct sigaction action = { .sa_handler = SIG_IGN,
		.sa_flags = SA_RESTART | SA_NODEFER | SA_RESETHAND };
	unsigned long raw[4] = { 0x1234, 0x14000000, 0x5678, 0x8000000080000001 };

	sigfillset(&action.sa_mask);
	sigaction(SIGUSR1, &action, NULL);
	sigaction(SIGUSR1, NULL, &action);
	syscall(SYS_rt_sigaction, SIGUSR2, raw, NULL, 8);
	syscall(SYS_rt_sigaction, SIGUSR2, NULL, raw, 8);
	syscall(SYS_rt_sigaction, SIGKILL, raw, NULL, 8);
	syscall(SYS_rt_sigaction, 64, raw, raw, 4);
	syscall(SYS_rt_sigaction, 0, NULL, NULL, 8);
	syscall(SYS_rt_sigaction, 99, WRONG, WRONG, 8);
	syscall(SYS_rt_sigaction, SIGHUP, at_the_end(raw, 31), NULL, 8);
	return 0;
}
