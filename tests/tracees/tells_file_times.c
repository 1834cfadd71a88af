/*
 * role: named
 * arch: x86_64
 *
 * Times of files.
 */
#include "tells.h"
#include <fcntl.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <time.h>
#include <utime.h>

int main(void)
{
	struct utimbuf times = { 1, 1700000000 };
	struct timeval old[2] = { { 0, 0 }, { 1700000000, 999999 } };
	struct timespec exact[2] = { { 1, 5 }, { 0, UTIME_OMIT } };
	struct timespec odd[2] = { { -1, UTIME_NOW }, { 5, 1000000000 } };

	syscall(SYS_utime, NOPE, &times);
	syscall(SYS_utime, NOPE, NULL);
	syscall(SYS_utimes, NOPE, old);
	syscall(SYS_futimesat, AT_FDCWD, NOPE, old);
	syscall(SYS_futimesat, AT_FDCWD, NOPE, at_the_end(old, 16));
	syscall(SYS_utimensat, AT_FDCWD, NOPE, exact, AT_SYMLINK_NOFOLLOW);
	syscall(SYS_utimensat, AT_FDCWD, NOPE, odd, 0);
	syscall(SYS_utimensat, -1, NULL, WRONG, 0x1000);
	return 0;
}
