/*
 * role: named
 * arch: x86_64
 *
 * epoll(7).
 */
#include "tells.h"
#include <sys/epoll.h>
#include <time.h>

int main(void)
{
	int fd = epoll_create1(EPOLL_CLOEXEC), pipes[2];
	struct epoll_event event = { EPOLLIN | EPOLLOUT | EPOLLET | EPOLLONESHOT,
		{ .u64 = 0x500000007 } };
	struct timespec now = { 0, 0 };
	unsigned long set = 1;

	pipe(pipes);
	syscall(SYS_epoll_create, 0);
	syscall(SYS_epoll_create, 5);
	epoll_create1(0x77);
	epoll_ctl(fd, EPOLL_CTL_ADD, pipes[1], &event);
	epoll_ctl(fd, EPOLL_CTL_MOD, pipes[1], &event);
	syscall(SYS_epoll_wait, fd, &event, 1, 0);
	syscall(SYS_epoll_wait, fd, &event, 1, 0);
	syscall(SYS_epoll_wait, fd, &event, -1, 0);
	syscall(SYS_epoll_pwait, fd, &event, 5, 0, &set, 8);
	syscall(SYS_epoll_pwait, fd, WRONG, 5, 0, WRONG, 8);
	syscall(SYS_epoll_pwait2, fd, &event, 1, &now, NULL, 0);
	epoll_ctl(fd, EPOLL_CTL_DEL, pipes[1], NULL);
	epoll_ctl(fd, 99, -1, WRONG);
	epoll_ctl(fd, EPOLL_CTL_ADD, 1000, NULL);
	return 0;
}
