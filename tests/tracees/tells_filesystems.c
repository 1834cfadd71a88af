/*
 * role: named
 * arch: x86_64
 *
 * What filesystems say of themselves.
 */
#include "tells.h"
#include <fcntl.h>
#include <sys/statfs.h>

int main(void)
{
	struct statfs fs;
	int fd = open("/proc/self/status", O_RDONLY);

	syscall(SYS_statfs, "/proc", &fs);
	syscall(SYS_statfs, NOPE, &fs);
	syscall(SYS_statfs, "/proc", NULL);
	syscall(SYS_statfs, "/proc", WRONG);
	syscall(SYS_fstatfs, fd, &fs);
	syscall(SYS_fstatfs, -1, &fs);
	return 0;
}
