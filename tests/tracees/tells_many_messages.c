/*
 * role: named
 * arch: x86_64
 *
 * Many messages at once.
 */
#include "tells.h"
#include <sys/socket.h>
#include <time.h>

int main(void)
{
	int pair[2];
	char text[2][20];
	struct iovec out[2] = { { "one", 3 }, { "two", 3 } },
		     in[2] = { { text[0], 20 }, { text[1], 20 } };
	struct mmsghdr messages[2] = { { .msg_hdr = { .msg_iov = &out[0], .msg_iovlen = 1 } },
		{ .msg_hdr = { .msg_iov = &out[1], .msg_iovlen = 1 } } };
	struct timespec none = { 0, 0 };

	socketpair(AF_UNIX, SOCK_DGRAM, 0, pair);
	sendmmsg(pair[0], messages, 2, MSG_DONTWAIT);
	messages[0].msg_hdr.msg_iov = &in[0];
	messages[1].msg_hdr.msg_iov = &in[1];
	recvmmsg(pair[1], messages, 2, MSG_DONTWAIT, NULL);
	recvmmsg(pair[1], messages, 2, MSG_DONTWAIT, &none);
	sendmmsg(-1, messages, 2, 0);
	sendmmsg(-1, WRONG, 2, 0);
	recvmmsg(-1, NULL, 0, 0x77, WRONG);
	return 0;
}
