/*
 * role: named
 * arch: x86_64
 *
 * Data over sockets.
 */
#include "tells.h"
#include <netinet/in.h>
#include <sys/socket.h>

int main(void)
{
	int pair[2];
	char text[50];
	struct sockaddr_in to = { .sin_family = AF_INET, .sin_port = 5 };
	struct sockaddr_storage from;
	socklen_t size = sizeof(from);

	socketpair(AF_UNIX, SOCK_STREAM, 0, pair);
	sendto(pair[0], "hello, this is longer than what is shown", 40, MSG_NOSIGNAL | MSG_MORE,
		NULL, 0);
	recvfrom(pair[1], text, 3, MSG_PEEK, NULL, NULL);
	recvfrom(pair[1], text, 50, MSG_DONTWAIT, (void *)&from, &size);
	recvfrom(pair[1], text, 50, MSG_DONTWAIT, (void *)&from, &size);
	sendto(pair[0], "x", 1, 0, (void *)&to, sizeof(to));
	sendto(-1, WRONG, 5, 0x77, WRONG, 5);
	recvfrom(-1, WRONG, -1, MSG_TRUNC, WRONG, WRONG);
	sendto(pair[0], NULL, 0, 0, NULL, 5);
	return 0;
}
