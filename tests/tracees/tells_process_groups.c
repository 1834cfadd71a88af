/*
 * role: named
 * arch: x86_64
 *
 * Groups and sessions of processes.
 */
#include "tells.h"

int main(void)
{
	syscall(SYS_getpgid, 0);
	syscall(SYS_getpgid, -1);
	syscall(SYS_setpgid, 0, 0);
	syscall(SYS_setpgid, 2147483647, -1);
	syscall(SYS_getpgrp);
	syscall(SYS_getsid, 2147483647);
	syscall(SYS_setsid);
	syscall(SYS_getpriority, 0, 0);
	syscall(SYS_getpriority, 99, 5);
	syscall(SYS_setpriority, 1, 2147483647, -5);
	return 0;
}
