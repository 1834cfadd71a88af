#define _GNU_SOURCE
#include "wait.h"

#include <errno.h>
#include <signal.h>
#include <linux/ptrace.h>
#include <sys/wait.h>

#include "clock.h"
#include "event.h"

static void classify(struct ft_stop *stop)
{
	int status = stop->status;
	int sig = WSTOPSIG(status);

	stop->sig = sig;
	stop->birth = 0;
	if (!WIFSTOPPED(status)) {
		stop->kind = FT_STOPPED_EXITED;
		return;
	}
	switch (status >> 16) {
	case 0:
		stop->kind = sig == (SIGTRAP | 0x80) ? FT_STOPPED_SYSCALL : FT_STOPPED_SIGNAL;
		break;
	case PTRACE_EVENT_STOP:
		stop->kind = sig == SIGTRAP ? FT_STOPPED_TRAP : FT_STOPPED_GROUP;
		break;
	case PTRACE_EVENT_FORK:
		stop->kind = FT_STOPPED_BIRTH;
		stop->birth = FT_FORK_FORK;
		break;
	case PTRACE_EVENT_VFORK:
		stop->kind = FT_STOPPED_BIRTH;
		stop->birth = FT_FORK_VFORK;
		break;
	case PTRACE_EVENT_CLONE:
		stop->kind = FT_STOPPED_BIRTH;
		stop->birth = FT_FORK_CLONE;
		break;
	case PTRACE_EVENT_EXEC:
		stop->kind = FT_STOPPED_EXEC;
		break;
	case PTRACE_EVENT_EXIT:
		stop->kind = FT_STOPPED_EXITING;
		break;
	case PTRACE_EVENT_SECCOMP:
		stop->kind = FT_STOPPED_SECCOMP;
		break;
	default:
		stop->kind = FT_STOPPED_OTHER;
	}
}

int ft_wait_task(pid_t tid, struct ft_stop *stop)
{
	while (wait4(tid, &stop->status, __WALL | __WNOTHREAD, NULL) < 0)
		if (errno != EINTR)
			return -errno;
	stop->tid = tid;
	stop->time_ns = ft_now();
	classify(stop);
	return 0;
}

int ft_wait_stops(struct ft_stop *stops, int max, uint64_t poll_ns, int more)
{
	uint64_t poll_end = poll_ns ? ft_now() + poll_ns : 0;
	int n = 0;

	while (n < max) {
		int nohang = n || poll_end ? WNOHANG : 0;
		pid_t tid = wait4(-1, &stops[n].status, __WALL | __WNOTHREAD | nohang, NULL);

		if (tid < 0 && errno == EINTR)
			continue;
		if (tid < 0 && n == 0)
			return -errno;
		if (tid == 0 && n == 0) {
			if (ft_now() >= poll_end)
				poll_end = 0;
			continue;
		}
		if (tid <= 0)
			break;
		stops[n].tid = tid;
		stops[n].time_ns = ft_now();
		classify(&stops[n]);
		n++;
		if (!more)
			break;
	}
	return n;
}
