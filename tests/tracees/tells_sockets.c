/*
 * role: named
 * arch: x86_64
 *
 * Sockets of each family.
 */
#include "tells.h"
#include <sys/socket.h>

int main(void)
{
	int pair[2];

	socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, pair);
	socketpair(AF_INET, SOCK_STREAM, 0, pair);
	socketpair(AF_UNIX, 99, 99, WRONG);
	socket(AF_INET, SOCK_DGRAM, 17);
	socket(AF_INET6, SOCK_STREAM, 0);
	socket(AF_INET, SOCK_STREAM, 250);
	socket(AF_NETLINK, SOCK_RAW, 0);
	socket(AF_NETLINK, SOCK_RAW, 77);
	socket(99, 0, 0);
	socket(-1, -1, -1);
	listen(pair[0], 5);
	listen(-1, -1);
	shutdown(pair[0], SHUT_WR);
	shutdown(-1, 9);
	syscall(SYS_accept, -1, NULL, NULL);
	syscall(SYS_accept4, pair[0], WRONG, WRONG, SOCK_CLOEXEC | 0x77);
	return 0;
}
