/*
 * role: named
 * arch: x86_64
 * oracle: no (strace -c 6.1 leaves out the numbers that it does not know)
 *
 * Calls that only the administrator may make, with what nobody may.
 */
#include "tells.h"

int main(void)
{
	syscall(SYS_swapon, NOPE, 0x8005);
	syscall(SYS_swapoff, NOPE);
	syscall(SYS_reboot, 1, 2, 3, 4);
	syscall(SYS_syslog, -1, NULL, 0);
	syscall(SYS_delete_module, "no module", 04000);
	syscall(SYS_iopl, 99);
	syscall(SYS_ioperm, -1, -1, 1);
	syscall(SYS_init_module, WRONG, 0, WRONG);
	syscall(SYS_finit_module, -1, "a=1", 7);
	syscall(SYS_vhangup + 1000);
	syscall(SYS_bpf, 99, NULL, 0);
	syscall(SYS_seccomp, 99, 5, WRONG);
	syscall(SYS_seccomp, 2, 7, WRONG);
	return 0;
}
