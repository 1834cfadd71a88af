/*
 * role: named
 * arch: x86_64
 *
 * Children that have ended, and are not there.
 */
#include "tells.h"
#include <sys/resource.h>
#include <sys/wait.h>

int main(void)
{
	siginfo_t info;
	int status;

	if (!fork())
		_exit(77);
	syscall(SYS_waitid, P_ALL, 0, &info, WEXITED | WNOWAIT, NULL);
	syscall(SYS_wait4, -1, &status, __WALL, NULL);
	syscall(SYS_wait4, -1, &status, WNOHANG | WUNTRACED | WCONTINUED, NULL);
	syscall(SYS_wait4, 2147483647, WRONG, 0x7700, WRONG);
	syscall(SYS_wait4, 0, NULL, __WCLONE | __WNOTHREAD, NULL);
	syscall(SYS_waitid, P_PID, 2147483647, &info, WSTOPPED, NULL);
	syscall(SYS_waitid, 99, -1, NULL, 0, NULL);
	syscall(SYS_waitid, P_PIDFD, -1, WRONG, WEXITED | WNOHANG | 0x100, WRONG);
	if (!fork()) {
		*(volatile int *)8 = 0;
		_exit(1);
	}
	syscall(SYS_wait4, -1, &status, 0, NULL);
	return 0;
}
