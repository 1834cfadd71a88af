/*
 * role: named
 * arch: x86_64
 *
 * Locks of files.
 */
#include "tells.h"
#include <fcntl.h>
#include <sys/file.h>

int main(void)
{
	int fd = memfd_create("locks", 0);
	struct flock lock = { .l_type = F_WRLCK, .l_whence = SEEK_SET, .l_start = 5, .l_len = 10 };

	fcntl(fd, F_SETLK, &lock);
	fcntl(fd, F_SETLKW, &lock);
	fcntl(fd, F_GETLK, &lock);
	lock.l_type = 77;
	lock.l_whence = 9;
	lock.l_start = -1;
	fcntl(fd, F_SETLK, &lock);
	fcntl(fd, F_OFD_SETLK, &lock);
	fcntl(fd, F_OFD_GETLK, WRONG);
	fcntl(fd, F_SETLK, NULL);
	flock(fd, LOCK_SH | LOCK_NB);
	flock(fd, LOCK_UN);
	flock(-1, LOCK_EX | 0x100);
	return 0;
}
