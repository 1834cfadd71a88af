/*
 * role: named
 * arch: x86_64
 *
 * Descriptors of processes.
 */
#include "tells.h"
#include <sys/wait.h>

int main(void)
{
	int fd = syscall(SYS_pidfd_open, getpid(), 0);

	syscall(SYS_pidfd_open, -1, 0x77);
	syscall(SYS_pidfd_open, 2147483647, 04000);
	syscall(SYS_pidfd_getfd, fd, 1, 0);
	syscall(SYS_pidfd_getfd, fd, 999, 0);
	syscall(SYS_pidfd_getfd, -1, -1, 7);
	syscall(SYS_pidfd_send_signal, fd, 0, NULL, 0);
	syscall(SYS_process_mrelease, -1, 0);
	syscall(SYS_kcmp, getpid(), getpid(), 2, 0, 0);
	syscall(SYS_kcmp, getpid(), 2147483647, 0, 1, 2);
	syscall(SYS_kcmp, -1, -1, 99, 3, 4);
	return 0;
}
