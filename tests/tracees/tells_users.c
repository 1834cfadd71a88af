/*
 * role: named
 * arch: x86_64
 *
 * Who a process belongs to.
 */
#include "tells.h"
#include <sys/fsuid.h>

int main(void)
{
	unsigned a, b, c, groups[70];

	syscall(SYS_getuid);
	syscall(SYS_getegid);
	syscall(SYS_getresuid, &a, &b, &c);
	syscall(SYS_getresgid, &a, NULL, WRONG);
	syscall(SYS_setuid, -1);
	syscall(SYS_setgid, -1);
	syscall(SYS_setreuid, -1, -1);
	syscall(SYS_setregid, -1, -1);
	syscall(SYS_setresuid, -1, -1, -1);
	syscall(SYS_setresgid, -1, -1, -1);
	syscall(SYS_setfsuid, -1);
	syscall(SYS_setfsgid, -1);
	syscall(SYS_setgroups, 3, WRONG);
	syscall(SYS_getgroups, -1, groups);
	syscall(SYS_getgroups, 0, NULL);
	return 0;
}
