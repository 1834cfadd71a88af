/*
 * role: named
 * arch: i386
 *
 * Calls by socketcall(2) and ipc(2), which older 32-bit programs make.
 */
#define _GNU_SOURCE
#include <stdint.h>
#include <string.h>
#include <sys/ipc.h>
#include <sys/mman.h>
#include <sys/msg.h>
#include <sys/sem.h>
#include <sys/shm.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#define A(pointer)	  ((long)(pointer))
#define SOCKET(call, ...) syscall(SYS_socketcall, call, ((long[]){ __VA_ARGS__ }))
#define IPC(...)	  syscall(SYS_ipc, __VA_ARGS__)
#define NOWHERE		  0x1234
#define IPC_NEW		  0x100 /* IPC_64: structures of today */

static void sockets(void)
{
	struct sockaddr_un name = { AF_UNIX, "/nowhere/at/all" };
	char buffer[20] = "hello";
	socklen_t size = sizeof(name);
	int pair[2], one = 1;
	long *end = mmap(NULL, 8192, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	SOCKET(1, AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	SOCKET(1, AF_INET, SOCK_DGRAM, 17);
	SOCKET(8, AF_UNIX, SOCK_STREAM, 0, A(pair));
	SOCKET(9, pair[0], A("abc"), 3, MSG_NOSIGNAL);
	SOCKET(10, pair[1], A(buffer), 20, 0);
	SOCKET(9, pair[0], NOWHERE, 3, 0);
	SOCKET(11, pair[0], A("to"), 2, 0, 0, 0);
	SOCKET(11, -1, A("to"), 2, 0, A(&name), 20);
	SOCKET(12, pair[1], A(buffer), 20, 0, 0, 0);
	SOCKET(12, pair[1], A(buffer), 20, MSG_DONTWAIT, A(&name), A(&size));
	SOCKET(3, 3, A(&name), sizeof(name));
	SOCKET(2, 3, A(&name), 2);
	SOCKET(2, 3, NOWHERE, 20);
	SOCKET(4, -1, 5);
	SOCKET(5, 3, A(&name), A(&size));
	SOCKET(18, 3, 0, 0, SOCK_CLOEXEC);
	SOCKET(6, pair[0], A(&name), A(&size));
	SOCKET(7, pair[0], A(&name), A(&size));
	SOCKET(13, pair[0], SHUT_RD);
	SOCKET(14, 3, SOL_SOCKET, SO_REUSEADDR, A(&one), 4);
	size = 4;
	SOCKET(15, 3, SOL_SOCKET, SO_REUSEADDR, A(&one), A(&size));
	SOCKET(15, 3, SOL_SOCKET, SO_REUSEADDR, 0, 0);
	SOCKET(0, 1, 2, 3);
	SOCKET(21, 1, 2, 3);
	SOCKET(-1, 1, 2, 3);
	syscall(SYS_socketcall, 1, 0);
	syscall(SYS_socketcall, 9, NOWHERE);
	mprotect(end + 1024, 4096, PROT_NONE);
	end[1022] = -1;
	end[1023] = 5;
	syscall(SYS_socketcall, 4, end + 1022);
	syscall(SYS_socketcall, 2, end + 1022);
}

static void messages(void)
{
	char buffer[20];
	struct iovec vector = { "xyz", 3 };
	struct msghdr message = { .msg_iov = &vector, .msg_iovlen = 1 };
	struct mmsghdr many = { message, 0 };
	int pair[2];

	SOCKET(8, AF_UNIX, SOCK_DGRAM, 0, A(pair));
	SOCKET(16, pair[1], A(&message), 0);
	SOCKET(20, pair[1], A(&many), 1, 0);
	vector.iov_base = buffer;
	SOCKET(17, pair[0], A(&message), MSG_DONTWAIT);
	SOCKET(19, pair[0], A(&many), 1, MSG_DONTWAIT, 0);
	SOCKET(17, pair[0], A(&message), MSG_DONTWAIT);
	SOCKET(16, -1, NOWHERE, 0);
}

static void semaphores(void)
{
	struct sembuf up = { 0, 1, IPC_NOWAIT };
	struct timespec soon = { 0, 5 };
	long value = 5;
	int id = IPC(2, IPC_PRIVATE, 1, IPC_CREAT | 0600, 0, 0);

	IPC(1, id, 1, 0, &up, 0);
	IPC(4, id, 1, 0, &up, &soon);
	IPC(1, -1, 1, 0, NOWHERE, 0);
	IPC(3, id, 0, SETVAL | 0x100, &value, 0);
	IPC(3, id, 0, IPC_RMID, &value, 0);
	IPC(3, -1, 0, GETVAL, NOWHERE, 0);
}

static void queues(void)
{
	struct {
		long type;
		char text[20];
	} message = { 5, "hello, all of you" };
	struct msqid_ds ds;
	struct msginfo info;
	int id = IPC(13, IPC_PRIVATE, IPC_CREAT | 0600, 0, 0, 0);

	IPC(11, id, 5, IPC_NOWAIT, &message, 0);
	IPC(11, -1, 20, IPC_NOWAIT, &message, 0);
	IPC(1 << 16 | 12, id, 5, IPC_NOWAIT, &message, 5);
	IPC(1 << 16 | 12, id, 5, IPC_NOWAIT, &message, 5);
	IPC(14, id, IPC_STAT | IPC_NEW, 0, &ds, 0);
	IPC(14, id, IPC_SET | IPC_NEW, 0, &ds, 0);
	IPC(14, -1, IPC_STAT | IPC_NEW, 0, &ds, 0);
	IPC(14, 0, IPC_INFO, 0, &info, 0);
	IPC(14, -1, IPC_SET | IPC_NEW, 0, NOWHERE, 0);
	IPC(14, id, IPC_RMID, 0, 0, 0);
}

static void statuses(void)
{
	struct semid_ds semaphores;
	struct shmid_ds memory;
	struct shminfo limits;
	struct seminfo info;
	unsigned long at = A(&semaphores);
	int id = IPC(2, IPC_PRIVATE, 2, IPC_CREAT | 0600, 0, 0);

	IPC(3, id, 0, IPC_STAT | IPC_NEW, &at, 0);
	IPC(3, id, 0, IPC_SET | IPC_NEW, &at, 0);
	at = A(NOWHERE);
	IPC(3, id, 0, IPC_STAT | IPC_NEW, &at, 0);
	IPC(3, id, 0, IPC_SET | IPC_NEW, &at, 0);
	IPC(3, id, 0, IPC_STAT | IPC_NEW, NOWHERE, 0);
	at = A(&info);
	IPC(3, 0, 0, IPC_INFO, &at, 0);
	IPC(3, id, 0, IPC_RMID, &at, 0);
	id = IPC(23, IPC_PRIVATE, 4096, IPC_CREAT | 0600, 0, 0);
	IPC(24, id, IPC_STAT | IPC_NEW, 0, &memory, 0);
	IPC(24, id, IPC_SET | IPC_NEW, 0, &memory, 0);
	IPC(24, -1, IPC_SET | IPC_NEW, 0, NOWHERE, 0);
	IPC(24, 0, IPC_INFO | IPC_NEW, 0, &limits, 0);
	IPC(24, id, IPC_RMID, 0, 0, 0);
}

int main(void)
{
	unsigned long at = 0;
	int id;

	sockets();
	messages();
	semaphores();
	queues();
	statuses();
	id = IPC(23, IPC_PRIVATE, 4096, IPC_CREAT | 0600, 0, 0);
	IPC(21, id, 0, &at, 0, 0);
	IPC(22, 0, 0, 0, at, 0);
	IPC(24, id, IPC_RMID, 0, 0, 0);
	IPC(21, -1, 0, &at, 0, 0);
	IPC(13, 99, 0, 0, 0, 0);
	IPC(14, -1, IPC_RMID, 0, 0, 0);
	IPC(11, -1, 4, 0, NOWHERE, 0);
	IPC(1 << 16 | 12, -1, 8, IPC_NOWAIT, NOWHERE, 3);
	IPC(99, 1, 2, 3, 4, 5);
	IPC(0, 1, 2, 3, 4, 5);
	return 0;
}
