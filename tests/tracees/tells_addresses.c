/*
 * role: named
 * arch: x86_64
 *
 * Addresses of sockets, whole and cut.
 */
#include "tells.h"
#include <arpa/inet.h>
#include <linux/netlink.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/un.h>

int main(void)
{
	int fd = socket(AF_UNIX, SOCK_STREAM, 0);
	struct sockaddr_un un = { AF_UNIX, NOPE };
	struct sockaddr_in in = {
		.sin_family = AF_INET, .sin_port = htons(80), .sin_addr.s_addr = htonl(0x7f000001)
	};
	struct sockaddr_in6 in6 = { .sin6_family = AF_INET6,
		.sin6_addr = IN6ADDR_LOOPBACK_INIT,
		.sin6_flowinfo = htonl(5),
		.sin6_scope_id = 7 };
	struct sockaddr_nl nl = { .nl_family = AF_NETLINK, .nl_pid = 5, .nl_groups = 0x11 };
	struct sockaddr_storage got;
	socklen_t size = sizeof(got);

	connect(fd, (void *)&un, sizeof(un));
	connect(fd, (void *)&un, 2);
	connect(fd, (void *)&un, 5);
	connect(fd, (void *)&un, 1);
	connect(fd, (void *)&un, 0);
	connect(fd, (void *)&un, -1);
	connect(fd, NULL, 16);
	connect(fd, WRONG, 16);
	memcpy(un.sun_path, "\0abstract\0name", 14);
	connect(fd, (void *)&un, 16);
	connect(fd, (void *)&in, sizeof(in));
	connect(fd, (void *)&in, 8);
	connect(fd, (void *)&in6, sizeof(in6));
	connect(fd, (void *)&in6, 24);
	connect(fd, (void *)&in6, 20);
	bind(fd, (void *)&nl, sizeof(nl));
	in.sin_family = 99;
	bind(fd, (void *)&in, sizeof(in));
	getsockname(fd, (void *)&got, &size);
	size = 1;
	getsockname(fd, (void *)&got, &size);
	getsockname(fd, WRONG, &size);
	getpeername(fd, (void *)&got, &size);
	getpeername(-1, NULL, NULL);
	return 0;
}
