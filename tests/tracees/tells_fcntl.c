/*
 * role: named
 * arch: x86_64
 *
 * The commands of fcntl(2).
 */
#include "tells.h"
#include <fcntl.h>
#include <signal.h>

int main(void)
{
	int fd = memfd_create("fcntl", MFD_ALLOW_SEALING);
	struct f_owner_ex owner = { F_OWNER_PID, 1 };

	fcntl(fd, F_DUPFD, 30);
	fcntl(fd, F_DUPFD_CLOEXEC, -1);
	fcntl(fd, F_GETFD);
	fcntl(fd, F_SETFD, FD_CLOEXEC);
	fcntl(fd, F_GETFD);
	fcntl(fd, F_SETFD, 0);
	fcntl(fd, F_GETFL);
	fcntl(fd, F_SETFL, O_RDWR | O_APPEND | O_NONBLOCK);
	fcntl(fd, F_GETFL);
	fcntl(fd, F_SETOWN, 0);
	fcntl(fd, F_GETOWN);
	fcntl(fd, F_SETSIG, SIGUSR1);
	fcntl(fd, F_GETSIG);
	fcntl(fd, F_GETOWN_EX, &owner);
	fcntl(fd, F_SETOWN_EX, WRONG);
	fcntl(fd, F_GETPIPE_SZ);
	fcntl(fd, F_SETPIPE_SZ, 4096);
	fcntl(fd, F_GETLEASE);
	fcntl(fd, F_SETLEASE, F_RDLCK);
	fcntl(fd, F_NOTIFY, DN_CREATE | DN_MULTISHOT);
	fcntl(fd, F_ADD_SEALS, F_SEAL_GROW | F_SEAL_SHRINK);
	fcntl(fd, F_GET_SEALS);
	fcntl(fd, 999, 5);
	fcntl(-1, F_GETFL);
	return 0;
}
