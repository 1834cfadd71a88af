/*
 * role: named
 * arch: x86_64
 *
 * Options of sockets.
 */
#include "tells.h"
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <sys/time.h>

/* Less than a number, and more; what is told by an address. */
static void shapes(void)
{
	static const int options[] = { SO_REUSEADDR, SO_KEEPALIVE, SO_SNDBUF, SO_RCVLOWAT };
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0), six, other;
	char data[40] = "\1\2\3\4\5\6\7\10";
	socklen_t size;

	for (size_t i = 0; i < sizeof(options) / sizeof(options[0]); i++) {
		size = 1;
		getsockopt(fd, SOL_SOCKET, options[i], data, &size);
		size = 0;
		getsockopt(fd, SOL_SOCKET, options[i], data, &size);
		setsockopt(-1, SOL_SOCKET, options[i], data, 16);
		setsockopt(-1, SOL_SOCKET, options[i], data, 3);
		setsockopt(-1, SOL_SOCKET, options[i], WRONG, 4);
		setsockopt(-1, SOL_SOCKET, options[i], NULL, 4);
	}
	size = 40;
	getsockopt(fd, SOL_IP, 4, data, &size); /* IP_OPTIONS: there are none */
	for (int i = 35; i < 37; i++) { /* IP_ADD_MEMBERSHIP, IP_DROP_MEMBERSHIP */
		setsockopt(-1, SOL_IP, i, data, 8);
		setsockopt(-1, SOL_IP, i, data, 12);
		setsockopt(-1, SOL_IP, i, data, 7);
		setsockopt(-1, SOL_IP, i, at_the_end(data, 7), 8);
		setsockopt(-1, SOL_IP, i, NULL, 8);
	}
	six = socket(AF_INET6, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	memset(data + 16, 0x7f, 4); /* no interface has this number */
	for (int i = 20; i < 22; i++) {
		setsockopt(-1, SOL_IPV6, i, data, 20);
		setsockopt(-1, SOL_IPV6, i, data, 19);
		setsockopt(-1, SOL_IPV6, i, WRONG, 20);
	}
	other = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, 0);
	setsockopt(-1, SOL_NETLINK, 1, data, 16);
	setsockopt(-1, SOL_NETLINK, 1, data, 3);
	close(fd);
	close(six);
	close(other);
}

int main(void)
{
	int fd = socket(AF_INET, SOCK_STREAM, 0), value = 1;
	struct linger linger = { 1, 5 };
	struct timeval wait = { 1, 500 };
	char text[20];
	socklen_t size = 4;

	setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &value, 4);
	setsockopt(fd, SOL_SOCKET, SO_LINGER, &linger, sizeof(linger));
	setsockopt(fd, SOL_SOCKET, SO_KEEPALIVE, WRONG, 4);
	setsockopt(fd, SOL_SOCKET, SO_BINDTODEVICE, "lo", 2);
	setsockopt(fd, SOL_SOCKET, 9999, NULL, 0);
	setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &value, 4);
	setsockopt(fd, IPPROTO_TCP, TCP_CONGESTION, "nothing", 7);
	setsockopt(fd, IPPROTO_IP, IP_TTL, &value, 4);
	setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &value, 4);
	setsockopt(fd, 7777, 8888, "abcdef", 6);
	setsockopt(-1, -1, -1, NULL, -1);
	getsockopt(fd, SOL_SOCKET, SO_TYPE, &value, &size);
	getsockopt(fd, SOL_SOCKET, SO_ERROR, &value, &size);
	size = 8;
	getsockopt(fd, SOL_SOCKET, SO_LINGER, &linger, &size);
	size = 20;
	getsockopt(fd, IPPROTO_TCP, TCP_MAXSEG, text, &size);
	getsockopt(fd, SOL_SOCKET, SO_DOMAIN, WRONG, &size);
	getsockopt(fd, 999, 5, text, NULL);
	(void)wait;
	shapes();
	return 0;
}
