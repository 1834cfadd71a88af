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
	return 0;
}
