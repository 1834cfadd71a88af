/*
 * role: named
 *
 * Data that is read and written by each call that does.
 */
#define _GNU_SOURCE
#include "must.h"
#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>

int main(void)
{
	char text[200];
	int file = must(memfd_create("data", 0)), pair[2], ends[2];
	struct iovec vector[] = { { text, 3 }, { text + 10, 20 }, { text, 0 } };
	struct msghdr message = { .msg_iov = vector, .msg_iovlen = 2 };
	struct mmsghdr messages[2] = { { message, 0 }, { message, 0 } };

	must(write(file, "hello, this is a text that is longer than a row\n\0\1\377", 51));
	must(pread(file, text, 20, 0));
	must(pwrite(file, "ab", 2, 3));
	must(write(file, NULL, 0));
	write(file, (void *)1, 5);
	write(99, "failed", 6);
	read(99, text, 5);
	must(writev(file, vector, 3));
	must(lseek(file, 0, SEEK_SET));
	must(readv(file, vector, 3));
	must(preadv(file, vector, 2, 40));
	must(read(file, text, 100));
	must(read(file, text, 100));
	must(socketpair(AF_UNIX, SOCK_DGRAM, 0, pair));
	must(send(pair[0], "abc", 3, 0));
	must(recv(pair[1], text, 10, 0));
	must(sendmsg(pair[0], &message, 0));
	must(recvmsg(pair[1], &message, 0));
	must(sendmmsg(pair[0], messages, 2, 0));
	must(recvmmsg(pair[1], messages, 2, 0, NULL));
	must(pipe(ends));
	must(vmsplice(ends[1], vector, 2, 0));
	must(read(ends[0], text, 100));
	must(fcntl(ends[1], F_SETFL, O_NONBLOCK));
	memset(text, 'x', sizeof(text));
	must(fcntl(ends[1], F_SETPIPE_SZ, 4096));
	for (int i = 0; i < 20; i++)
		must(write(ends[1], text, 200));
	must(write(ends[1], text, 96));
	write(ends[1], text, 17);
	return 0;
}
