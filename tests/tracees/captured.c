/* Calls whose arguments point to all that can be captured: whole, empty, cut, too long, and nowhere.
 * Three times, for the first is not the recorder's.
 * arch: x86_64
 */
#define _GNU_SOURCE
#include "must.h"
#include "raw.h"
#include <errno.h>
#include <fcntl.h>
#include <linux/futex.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define PAGE 4096
#define MEM  ((char *)0x20000000) /* two pages, and then one that cannot be read */
#define EDGE (MEM + 2 * PAGE)
#define BAD  ((char *)8)

static char text[6000];
static struct sockaddr_un name = { AF_UNIX, "/nonexistent/socket" };

static void data(int null, int zero, int file)
{
	static char buf[200];

	raw(SYS_write, null, text, 0);
	raw(SYS_write, null, text, 31);
	raw(SYS_write, null, text, 32);
	raw(SYS_write, null, text, 33);
	raw(SYS_write, null, text + 1, 4900);
	raw(SYS_write, null, text, -1);
	raw(SYS_write, null, NULL, 5);
	raw(SYS_write, null, BAD, 5);
	raw(SYS_write, null, EDGE - 8, 8);
	raw(SYS_write, null, EDGE - 9, 20);
	raw(SYS_write, -1, text, 7);
	raw(SYS_read, zero, buf, 40);
	raw(SYS_read, zero, buf, 0);
	raw(SYS_read, zero, EDGE - 4, 20);
	raw(SYS_read, zero, BAD, 20);
	raw(SYS_read, -1, buf, 20);
	memset(EDGE - 32, 'e', 32);
	raw(SYS_pwrite64, file, text, 20, 0);
	memset(buf, 0, sizeof(buf));
	raw(SYS_pread64, file, buf, 50, 0);
	raw(SYS_pread64, file, buf, 50, 100);
}

static void vectors(int file)
{
	static char one[8], two[40];
	struct iovec some[4] = { { text, 10 }, { NULL, 0 }, { text + 40, 100 }, { BAD, 0 } };
	struct iovec in[3] = { { one, sizeof(one) }, { two, sizeof(two) }, { text + 5000, 10 } };
	struct iovec bad[2] = { { text, 4 }, { BAD, 4 } };
	struct iovec *edge = (struct iovec *)EDGE - 1;

	raw(SYS_writev, file, some, 4);
	raw(SYS_writev, file, some, 0);
	memcpy(EDGE - sizeof(some), some, sizeof(some));
	raw(SYS_writev, file, EDGE - sizeof(some), -1);
	raw(SYS_writev, file, bad, 2);
	raw(SYS_writev, file, NULL, 2);
	raw(SYS_writev, file, BAD, 2);
	*edge = some[0];
	raw(SYS_writev, file, edge, 2);
	memset(EDGE - 64, 'e', 64);
	raw(SYS_preadv, file, in, 3, 0, 0);
	raw(SYS_preadv, file, in, 3, 30, 0);
	raw(SYS_readv, -1, in, 3);
}

static void paths(void)
{
	static char buf[4096];
	static char *args[] = { "one", "", "an argument that is longer than thirty-two bytes",
		NULL };
	char *bad[] = { "x", BAD, EDGE - 3, NULL };
	char **edge = (char **)EDGE - 2;
	struct stat st = { 0 };
	struct statx stx = { 0 };

	raw(SYS_openat, AT_FDCWD, "/nonexistent/path", O_RDONLY);
	raw(SYS_openat, AT_FDCWD, "", O_RDONLY);
	raw(SYS_openat, AT_FDCWD, NULL, O_RDONLY);
	raw(SYS_openat, AT_FDCWD, BAD, O_RDONLY);
	raw(SYS_openat, AT_FDCWD, EDGE - 5, O_RDONLY);
	raw(SYS_openat, AT_FDCWD, text, O_RDONLY);
	raw(SYS_rename, "/nonexistent/a", "/nonexistent/b");
	raw(SYS_newfstatat, AT_FDCWD, "/usr", &st, 0);
	raw(SYS_newfstatat, AT_FDCWD, "/nonexistent", &st, 0);
	raw(SYS_newfstatat, AT_FDCWD, "/usr", EDGE - 100, 0);
	raw(SYS_statx, AT_FDCWD, "/usr", 0, STATX_BASIC_STATS, &stx);
	raw(SYS_readlink, "/proc/self/exe", buf, 10);
	memset(buf, 0, sizeof(buf));
	raw(SYS_getcwd, buf, sizeof(buf));
	raw(SYS_getcwd, buf, 1);
	raw(SYS_execve, "/nonexistent", args, args + 1);
	memcpy(EDGE - 3, "ee", 3); /* a part of a time has been written there */
	raw(SYS_execve, "/nonexistent", bad, NULL);
	raw(SYS_execve, "/nonexistent", BAD, BAD);
	edge[0] = args[0];
	edge[1] = args[2];
	raw(SYS_execve, "/nonexistent", edge, edge);
	memset(EDGE - 32, 'e', 32);
	raw(SYS_fsetxattr, -1, "user.name", text, 40);
	raw(SYS_prctl, PR_SET_NAME, "a name");
	raw(SYS_prctl, PR_GET_NAME, buf);
	raw(SYS_prctl, PR_GET_DUMPABLE, BAD);
}

static void listed(void)
{
	static char buf[32768];
	int dir = must(open("/usr/bin", O_RDONLY | O_DIRECTORY));

	raw(SYS_getdents64, dir, buf, sizeof(buf));
	raw(SYS_getdents64, dir, buf, 3);
	close(dir);
}

static void sockets(int s, int peer)
{
	static char buf[100], control[64], two[30];
	struct sockaddr_storage from = { 0 };
	struct iovec iov[2] = { { text, 20 }, { text + 100, 50 } },
		     in[2] = { { two, sizeof(two) }, { buf, sizeof(buf) } };
	struct msghdr m = { .msg_iov = iov, .msg_iovlen = 2 };
	struct mmsghdr many[2] = { { m, 0 }, { m, 0 } };
	union {
		struct cmsghdr head;
		char space[CMSG_SPACE(sizeof(int))];
	} rights = { .head = { CMSG_LEN(sizeof(int)), SOL_SOCKET, SCM_RIGHTS } };
	socklen_t len = sizeof(from);
	int value = 7;

	raw(SYS_connect, s, &name, sizeof(name));
	raw(SYS_connect, s, &name, 3);
	raw(SYS_connect, s, &name, -1);
	raw(SYS_connect, s, BAD, 16);
	raw(SYS_bind, -1, &name, 10);
	raw(SYS_getsockname, s, &from, &len);
	len = 0;
	raw(SYS_getsockname, s, &from, &len);
	raw(SYS_getsockname, s, &from, NULL);
	raw(SYS_getsockname, s, &from, BAD);
	len = 50;
	raw(SYS_accept4, s, &from, &len, 0);
	raw(SYS_setsockopt, s, SOL_SOCKET, SO_PASSCRED, &value, sizeof(value));
	value = 0;
	raw(SYS_setsockopt, s, SOL_SOCKET, SO_PASSCRED, &value, sizeof(value));
	len = sizeof(value);
	raw(SYS_getsockopt, s, SOL_SOCKET, SO_TYPE, &value, &len);
	raw(SYS_sendto, s, text, 40, 0, NULL, 0);
	len = sizeof(from);
	raw(SYS_recvfrom, peer, buf, sizeof(buf), 0, &from, &len);
	raw(SYS_recvfrom, peer, buf, sizeof(buf), MSG_DONTWAIT, &from, &len);
	*(int *)CMSG_DATA(&rights.head) = 1;
	m.msg_control = &rights;
	m.msg_controllen = sizeof(rights);
	raw(SYS_sendmsg, s, &m, 0);
	m.msg_iov = in;
	m.msg_control = control;
	m.msg_controllen = sizeof(control);
	close(-1);
	if (raw(SYS_recvmsg, peer, &m, MSG_CMSG_CLOEXEC) >= 0)
		close(*(int *)CMSG_DATA((struct cmsghdr *)control));
	m.msg_controllen = sizeof(control);
	raw(SYS_recvmsg, peer, &m, MSG_DONTWAIT);
	raw(SYS_sendmsg, s, BAD, 0);
	raw(SYS_sendmsg, s, NULL, 0);
	raw(SYS_sendmmsg, s, many, 2, 0);
	many[0].msg_hdr.msg_iov = many[1].msg_hdr.msg_iov = in;
	raw(SYS_recvmmsg, peer, many, 2, MSG_DONTWAIT, NULL);
}

static void waiting(int in, int out)
{
	struct pollfd fds[3] = { { in, POLLIN, 0 }, { -1, POLLOUT, 0 }, { out, POLLOUT, 0 } };
	struct timespec soon = { 0, 1 }, left = { 5, 6 }, wrong = { 0, -1 };
	struct timeval none = { 0, 0 };
	struct epoll_event event = { EPOLLIN | EPOLLOUT, { .u64 = 0x1122334455667788 } }, got[4];
	uint64_t set = 1ull << (SIGUSR1 - 1), old = 0;
	struct {
		uint64_t handler, flags, restorer, mask;
	} action = { (uint64_t)(uintptr_t)SIG_IGN, 0, 0, 3 }, was = { 1, 2, 3, 4 };
	fd_set reads, writes;
	int epoll = must(epoll_create1(EPOLL_CLOEXEC)), pair[2];
	static int word;

	raw(SYS_poll, fds, 3, 0);
	raw(SYS_poll, fds, 0, 0);
	raw(SYS_poll, BAD, 2, 0);
	memcpy(EDGE - sizeof(fds), fds, sizeof(fds));
	raw(SYS_poll, EDGE - sizeof(fds), -1, 0);
	memset(EDGE - 32, 'e', 32);
	raw(SYS_ppoll, fds, 1, &soon, &set, 8);
	FD_ZERO(&reads);
	FD_ZERO(&writes);
	FD_SET(in, &reads);
	FD_SET(out, &writes);
	raw(SYS_select, out + 1, &reads, &writes, NULL, &none);
	raw(SYS_select, 0, NULL, NULL, NULL, &none);
	memset(got, 0, sizeof(got));
	raw(SYS_epoll_ctl, epoll, EPOLL_CTL_ADD, out, &event);
	raw(SYS_epoll_wait, epoll, got, 4, 0);
	raw(SYS_epoll_wait, -1, got, 4, 0);
	close(epoll);
	raw(SYS_rt_sigaction, SIGUSR1, &action, &was, 8);
	raw(SYS_rt_sigaction, SIGUSR1, NULL, &was, 8);
	raw(SYS_rt_sigaction, SIGKILL, &action, &was, 8);
	raw(SYS_rt_sigprocmask, SIG_BLOCK, &set, &old, 8);
	raw(SYS_rt_sigprocmask, SIG_UNBLOCK, &set, &old, 8);
	raw(SYS_rt_sigprocmask, SIG_BLOCK, NULL, &old, 8);
	raw(SYS_rt_sigprocmask, 99, &set, NULL, 8);
	raw(SYS_rt_sigprocmask, SIG_BLOCK, BAD, &old, 8);
	raw(SYS_nanosleep, &soon, &left);
	raw(SYS_nanosleep, &wrong, &left);
	raw(SYS_nanosleep, NULL, NULL);
	raw(SYS_clock_nanosleep, CLOCK_MONOTONIC, 0, &soon, BAD);
	raw(SYS_futex, &word, FUTEX_WAKE | FUTEX_PRIVATE_FLAG, 1, BAD);
	raw(SYS_futex, &word, FUTEX_WAIT | FUTEX_PRIVATE_FLAG, 0, &soon);
	raw(SYS_futex, &word, FUTEX_WAIT, 1, &wrong);
	raw(SYS_pipe2, pair, O_CLOEXEC);
	close(pair[0]);
	close(pair[1]);
	raw(SYS_pipe2, BAD, 0);
}

static void others(int file, int in)
{
	static uint64_t words[16];
	struct flock lock = { F_RDLCK, SEEK_SET, 0, 10, 0 };
	int status = 77;
	pid_t pid;

	raw(SYS_ioctl, file, TCGETS, words);
	raw(SYS_ioctl, in, FIONREAD, words);
	raw(SYS_ioctl, in, FIONREAD, BAD);
	raw(SYS_ioctl, file, FIOCLEX, 12345);
	raw(SYS_ioctl, file, _IOWR('x', 250, uint64_t[3]), words);
	raw(SYS_ioctl, file, _IOC(_IOC_WRITE, 'x', 251, 16000), text);
	raw(SYS_fcntl, file, F_GETLK, &lock);
	raw(SYS_fcntl, file, F_GETFD, BAD);
	raw(SYS_wait4, -1, &status, 0, NULL);
	pid = must(fork());
	if (!pid)
		_exit(3);
	while (raw(SYS_wait4, pid, &status, __WALL, NULL) == -EINTR)
		;
	raw(SYS_prlimit64, 0, 7, NULL, words);
	raw(SYS_prlimit64, 0, 99, words, NULL);
	raw(SYS_uname, text + 5000);
	raw(SYS_getresuid, words, words + 1, BAD);
	raw(SYS_getgroups, 0, NULL);
	raw(SYS_clone3, words, 999999);
	raw(SYS_clone3, words, 8);
}

int main(void)
{
	int null = must(open("/dev/null", O_RDWR)), zero = must(open("/dev/zero", O_RDWR));
	int file = must(memfd_create("captured", 0)), pair[2], pipes[2];

	for (size_t i = 0; i < sizeof(text); i++)
		text[i] = (char)('a' + i % 26);
	must(mmap(MEM, 3 * PAGE, PROT_READ | PROT_WRITE,
		MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE, -1, 0));
	memset(MEM, 'e', 2 * PAGE);
	must(mprotect(EDGE, PAGE, PROT_NONE));
	must(socketpair(AF_UNIX, SOCK_DGRAM, 0, pair));
	must(pipe(pipes));
	must(write(pipes[1], "pipe", 4));
	for (int i = 0; i < 3; i++) {
		data(null, zero, file);
		vectors(file);
		paths();
		listed();
		sockets(pair[0], pair[1]);
		waiting(pipes[0], pipes[1]);
		others(file, pipes[0]);
	}
	return 0;
}
