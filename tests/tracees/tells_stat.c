/*
 * role: named
 * arch: x86_64
 *
 * What files are, in each of the calls.
 */
#include "tells.h"
#include <fcntl.h>
#include <sys/stat.h>

int main(void)
{
	struct stat st;
	int fd = open("/dev/zero", O_RDONLY);

	syscall(SYS_stat, "/etc/passwd", &st);
	syscall(SYS_stat, NOPE, &st);
	syscall(SYS_stat, "/etc/passwd", NULL);
	syscall(SYS_stat, "/etc/passwd", WRONG);
	syscall(SYS_lstat, "/proc/self", &st);
	syscall(SYS_lstat, "/", &st);
	syscall(SYS_fstat, fd, &st);
	syscall(SYS_fstat, -1, &st);
	syscall(SYS_newfstatat, AT_FDCWD, "/etc/passwd", &st, 0);
	syscall(SYS_newfstatat, fd, "", &st, AT_EMPTY_PATH);
	syscall(SYS_newfstatat, fd, "x", &st, AT_SYMLINK_NOFOLLOW | AT_NO_AUTOMOUNT | 0x8000);
	return 0;
}
