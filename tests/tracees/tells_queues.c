/*
 * role: named
 * arch: x86_64
 *
 * Message queues of both kinds.
 */
#include "tells.h"
#include <fcntl.h>
#include <mqueue.h>
#include <sys/ipc.h>
#include <sys/msg.h>

int main(void)
{
	struct mq_attr attr = { .mq_maxmsg = -1, .mq_msgsize = 5 };
	struct timespec odd = { 0, 1000000000 };

	syscall(SYS_msgget, 0x12345678, 0);
	syscall(SYS_msgget, 0x12345678, IPC_EXCL | 0600);
	syscall(SYS_msgctl, -1, IPC_RMID, NULL);
	syscall(SYS_msgctl, -1, 99, NULL);
	syscall(SYS_mq_open, "no/where", O_RDWR | O_CREAT, 0600, &attr);
	syscall(SYS_mq_open, "nowhere", O_RDONLY | O_NONBLOCK);
	syscall(SYS_mq_open, WRONG, O_CREAT, 0, WRONG);
	syscall(SYS_mq_unlink, "nowhere");
	syscall(SYS_mq_timedsend, -1, "message", 7, 5, &odd);
	syscall(SYS_mq_timedreceive, -1, WRONG, 7, WRONG, NULL);
	syscall(SYS_mq_getsetattr, -1, &attr, &attr);
	syscall(SYS_mq_getsetattr, -1, NULL, WRONG);
	return 0;
}
