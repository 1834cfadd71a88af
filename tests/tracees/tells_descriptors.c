/*
 * role: named
 * arch: x86_64
 *
 * Descriptors are doubled and closed.
 */
#include "tells.h"
#include <fcntl.h>
#include <linux/close_range.h>

int main(void)
{
	int fd = dup(1);

	dup(-1);
	syscall(SYS_dup2, 1, 70000000);
	dup2(fd, 20);
	dup3(fd, 21, O_CLOEXEC);
	dup3(fd, fd, 0);
	dup3(fd, 22, 0x1234);
	close(20);
	close(-1);
	close(2147483647);
	syscall(SYS_close, 0x100000015UL);
	syscall(SYS_close_range, 30, 40, CLOSE_RANGE_CLOEXEC);
	syscall(SYS_close_range, 40, 30, 0);
	syscall(SYS_close_range, 50, ~0U, CLOSE_RANGE_UNSHARE | 0x100);
	return 0;
}
