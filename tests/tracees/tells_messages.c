/*
 * role: named
 * arch: x86_64
 *
 * Messages with what comes beside them.
 */
#include "tells.h"
#include <sys/socket.h>
#include <sys/un.h>

int main(void)
{
	int pair[2];
	char text[50], control[CMSG_SPACE(2 * sizeof(int))] __attribute__((aligned(8)));
	struct iovec vector[2] = { { "hello", 5 }, { "world", 5 } },
		     into[2] = { { text, 3 }, { text + 3, 40 } };
	struct sockaddr_un to = { AF_UNIX, NOPE };
	struct msghdr message = { .msg_iov = vector, .msg_iovlen = 2 };
	struct cmsghdr *head = (void *)control;

	socketpair(AF_UNIX, SOCK_DGRAM, 0, pair);
	sendmsg(pair[0], &message, MSG_NOSIGNAL);
	*head = (struct cmsghdr){ CMSG_LEN(2 * sizeof(int)), SOL_SOCKET, SCM_RIGHTS };
	memcpy(CMSG_DATA(head), (int[]){ 0, 1 }, 8);
	message.msg_control = control;
	message.msg_controllen = sizeof(control);
	sendmsg(pair[0], &message, 0);
	message.msg_name = &to;
	message.msg_namelen = sizeof(to);
	sendmsg(pair[0], &message, 0);
	message = (struct msghdr){ .msg_iov = into, .msg_iovlen = 2 };
	recvmsg(pair[1], &message, 0);
	message.msg_control = control;
	message.msg_controllen = sizeof(control);
	recvmsg(pair[1], &message, MSG_DONTWAIT | MSG_CMSG_CLOEXEC);
	recvmsg(pair[1], &message, MSG_DONTWAIT | MSG_PEEK);
	sendmsg(-1, WRONG, 0x80);
	recvmsg(-1, NULL, -1);
	message.msg_iov = WRONG;
	message.msg_control = WRONG;
	sendmsg(pair[0], &message, 0);
	return 0;
}
