/*
 * role: named
 * build: -pthread
 *
 * Processes of two pid namespaces, one in the other, name one another by all that takes a number. 77: there may be none.
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <linux/netlink.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

static void see_the_end_of(pid_t child)
{
	siginfo_t info;

	waitid(P_PID, (id_t)child, &info, WEXITED | WNOWAIT);
	waitpid(child, NULL, 0);
	kill(child, 0);
}

static int go[2]; /* nobody is told of a thread that has ended by then */

static void *thread(void *unused)
{
	char byte;

	if (read(go[0], &byte, 1) != 1)
		return unused;
	syscall(SYS_tgkill, getpid(), syscall(SYS_gettid), 0);
	syscall(SYS_tkill, syscall(SYS_gettid), 0);
	return unused;
}

static void name_owners(int fd, pid_t child)
{
	struct f_owner_ex owner = { F_OWNER_PID, child };

	for (int type = F_OWNER_TID; type <= F_OWNER_PGRP; type++) {
		owner.type = type;
		fcntl(fd, F_SETOWN_EX, &owner);
		fcntl(fd, F_GETOWN_EX, &owner);
	}
	syscall(SYS_fcntl, fd, F_SETOWN, child);
	syscall(SYS_fcntl, fd, F_GETOWN);
	syscall(SYS_fcntl, fd, F_SETOWN, -child);
}

static void name_by_sockets(void)
{
	struct sockaddr_nl address = { .nl_family = AF_NETLINK, .nl_pid = (unsigned)getpid() };
	socklen_t length = sizeof(struct ucred);
	struct ucred who;
	int ends[2];

	bind(socket(AF_NETLINK, SOCK_RAW, 0), (struct sockaddr *)&address, sizeof(address));
	socketpair(AF_UNIX, SOCK_STREAM, 0, ends);
	getsockopt(ends[0], SOL_SOCKET, SO_PEERCRED, &who, &length);
}

static void name(int fd, pid_t child)
{
	kill(child, 0);
	kill(-child, 0);
	kill(-1000, 0);
	kill(1000, 0);
	setpgid(child, child);
	syscall(SYS_getpgid, child);
	syscall(SYS_getsid, child);
	syscall(SYS_getsid, -child);
	syscall(SYS_getpriority, PRIO_PROCESS, child);
	syscall(SYS_getpriority, PRIO_PGRP, child);
	syscall(SYS_getpriority, PRIO_USER, child);
	syscall(SYS_ioprio_get, 1, child);
	syscall(SYS_ioprio_get, 2, child);
	sched_getscheduler(child);
	waitid(P_PGID, (id_t)child, NULL, WEXITED | WNOHANG);
	waitpid(-child, NULL, WNOHANG);
	name_owners(fd, child);
	name_by_sockets();
}

static int live(void)
{
	int begun[2], ends[2];
	pthread_t one;
	char byte;
	pid_t child;

	syscall(SYS_getpgrp);
	syscall(SYS_getsid, 0);
	setpgid(0, 0);
	syscall(SYS_getpgrp);
	if (pipe(begun) || pipe(ends))
		return 1;
	child = fork();
	if (!child) {
		close(ends[1]);
		getppid();
		setpgid(0, 0);
		syscall(SYS_getpgrp);
		if (write(begun[1], "", 1) == 1)
			_exit(read(ends[0], &byte, 1));
	}
	if (read(begun[0], &byte, 1) == 1)
		name(ends[0], child);
	close(ends[1]);
	see_the_end_of(child);
	if (pipe(go) || pthread_create(&one, NULL, thread, NULL) || write(go[1], "", 1) != 1)
		return 1;
	pthread_join(one, NULL);
	kill(getpid(), SIGCONT);
	return 0;
}

static int first(void)
{
	pid_t child = fork();

	if (!child)
		_exit(live());
	see_the_end_of(child);
	unshare(CLONE_NEWPID);
	child = fork();
	if (!child)
		_exit(live());
	see_the_end_of(child);
	return 0;
}

int main(void)
{
	pid_t child;

	if (unshare(CLONE_NEWPID) && unshare(CLONE_NEWUSER | CLONE_NEWPID))
		return 77;
	child = fork();
	if (!child)
		_exit(first());
	kill(child, 0);
	see_the_end_of(child);
	return 3;
}
