/* Is called this and that, and names processes and threads to calls of all kinds that take one. */
#define _GNU_SOURCE
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "must.h"

static void *thread(void *arg)
{
	prctl(PR_SET_NAME, "wor<k>\"er\n\200");
	getppid();
	return arg;
}

static void with_child(pid_t p)
{
	struct f_owner_ex owner = { .type = F_OWNER_PID, .pid = p };
	struct ucred peer;
	socklen_t length = sizeof(peer);
	siginfo_t info;
	int s[2];

	setpgid(p, p);
	getpgid(p);
	getsid(p);
	kill(-p, 0);
	waitid(P_PGID, (id_t)p, NULL, WNOHANG | WEXITED);
	waitid(P_PID, (id_t)p, NULL, WNOHANG | WEXITED);
	getpriority(PRIO_PROCESS, (id_t)p);
	getpriority(PRIO_PGRP, (id_t)p);
	setpriority(PRIO_PROCESS, (id_t)p, 0);
	prlimit(p, RLIMIT_CPU, NULL, NULL);
	syscall(SYS_ioprio_get, 1, p);
	syscall(SYS_kcmp, p, p, 2, 0, 0);
	syscall(SYS_tgkill, p, p, 0);
	syscall(SYS_perf_event_open, NULL, p, -1, -1, 0);
	must(socketpair(AF_UNIX, SOCK_STREAM, 0, s));
	fcntl(s[0], F_SETOWN, p);
	fcntl(s[0], F_GETOWN);
	fcntl(s[0], F_SETOWN, -p);
	fcntl(s[0], F_GETOWN);
	fcntl(s[0], F_SETOWN_EX, &owner);
	owner.type = F_OWNER_PGRP;
	fcntl(s[0], F_SETOWN_EX, &owner);
	getsockopt(s[0], SOL_SOCKET, SO_PEERCRED, &peer, &length);
	kill(p, SIGKILL);
	must(waitid(P_PID, (id_t)p, &info, WEXITED | WNOWAIT));
	kill(p, 0);
	must(waitpid(p, NULL, 0));
	kill(p, 0);
}

int main(void)
{
	pthread_t t;
	pid_t p;

	must_zero(pthread_create(&t, NULL, thread, NULL));
	must_zero(pthread_join(t, NULL));
	prctl(PR_SET_NAME, "renamed");
	kill(getpid(), 0);
	p = fork();
	if (!p) {
		prctl(PR_SET_NAME, "child");
		return raise(SIGSTOP); /* it is killed when all its calls have ended */
	}
	must(waitpid(-1, NULL, WUNTRACED)); /* what it is called when this begins is chance */
	with_child(p);
	kill(getppid(), 0);
	execl("/bin/sh", "sh", "-c", "kill -0 $$; exit 3", NULL);
	return 1;
}
