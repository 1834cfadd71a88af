/*
 * role: named
 * arch: x86_64
 *
 * eventfd(2).
 */
#include "tells.h"
#include <sys/eventfd.h>

int main(void)
{
	int fd = eventfd(5, EFD_SEMAPHORE | EFD_NONBLOCK | EFD_CLOEXEC);
	uint64_t value = 3;

	syscall(SYS_eventfd, -1);
	syscall(SYS_eventfd2, 1, 0x77);
	read(fd, &value, 8);
	write(fd, &value, 8);
	write(fd, &value, 4);
	return 0;
}
