/* What 32-bit calls point to: their pointers, sizes and structures are half as long.
 * build: -m32
 * oracle: no (strace counts socketcall under the name of what it calls)
 */
#define _GNU_SOURCE
#include "must.h"
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

int main(void)
{
	static char name[] = "name";
	struct iovec some[3] = { { "first", 5 }, { NULL, 0 }, { "the second one", 14 } };
	struct msghdr m = { .msg_iov = some, .msg_iovlen = 3, .msg_control = NULL };
	char one[4], two[40], *args[] = { "one", "two", NULL };
	struct iovec in[2] = { { one, sizeof(one) }, { two, sizeof(two) } };
	struct timespec32 {
		int seconds, ns;
	} soon = { 0, 1 };
	int pair[2];

	must(memfd_create("begin", 0));
	must(socketpair(AF_UNIX, SOCK_DGRAM, 0, pair));
	must(syscall(SYS_writev, pair[0], some, 3));
	must(syscall(SYS_readv, pair[1], in, 2));
	must(syscall(370 /* sendmsg */, pair[0], &m, 0));
	m.msg_iov = in;
	m.msg_iovlen = 2;
	m.msg_name = name;
	m.msg_namelen = 0;
	must(syscall(372 /* recvmsg */, pair[1], &m, 0));
	must(syscall(SYS_nanosleep, &soon, NULL));
	syscall(SYS_execve, "/nonexistent", args, args + 2);
	return 0;
}
