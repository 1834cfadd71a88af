#define _GNU_SOURCE
#include "kernel/wait.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/ptrace.h>
#include <linux/ptrace.h>
#include <sys/wait.h>

#include "kernel/clock.h"
#include "event.h"

#define BATCH	   64
#define ROUND	   8 /* waits of which the last takes all stops that there are */
#define FIRST_ROOM 64

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

static int add(struct ft_stops *q, const struct ft_stop *stop)
{
	if (q->head + q->count == q->room) {
		struct ft_stop *list = malloc((size_t)(2 * q->count + FIRST_ROOM) * sizeof(*list));

		if (!list)
			return -ENOMEM;
		for (int i = 0; i < q->count; i++)
			list[i] = q->list[q->head + i];
		free(q->list);
		q->list = list;
		q->head = 0;
		q->room = 2 * q->count + FIRST_ROOM;
	}
	q->list[q->head + q->count++] = *stop;
	return 0;
}

static void take_out(struct ft_stops *q, int i, struct ft_stop *out)
{
	*out = q->list[q->head + i];
	for (; i > 0; i--)
		q->list[q->head + i] = q->list[q->head + i - 1];
	q->head++;
	if (--q->count == 0)
		q->head = 0;
}

bool ft_stops_take(struct ft_stops *q, struct ft_stop *out)
{
	if (!q->count)
		return false;
	take_out(q, 0, out);
	return true;
}

bool ft_stops_hold(
	const struct ft_stops *q, bool (*wanted)(const struct ft_stop *, void *), void *arg)
{
	for (int i = 0; i < q->count; i++)
		if (wanted(&q->list[q->head + i], arg))
			return true;
	return false;
}

bool ft_stops_take_if(struct ft_stops *q, bool (*wanted)(const struct ft_stop *, void *), void *arg,
	struct ft_stop *out)
{
	for (int i = 0; i < q->count; i++)
		if (wanted(&q->list[q->head + i], arg)) {
			take_out(q, i, out);
			return true;
		}
	return false;
}

int ft_stops_put_back(struct ft_stops *q, const struct ft_stop *stop)
{
	int rc = add(q, stop);

	for (int i = q->head + q->count - 1; !rc && i > q->head; i--)
		q->list[i] = q->list[i - 1];
	if (!rc)
		q->list[q->head] = *stop;
	return rc;
}

int ft_wait_stops(struct ft_stops *q, uint64_t poll_ns, int more)
{
	uint64_t poll_end = poll_ns ? ft_now() + poll_ns : 0;
	bool all = more && ++q->waits % ROUND == 0;
	int n = 0;

	do {
		int nohang = n || poll_end ? WNOHANG : 0;
		struct ft_stop stop;

		stop.tid = wait4(-1, &stop.status, __WALL | __WNOTHREAD | nohang, NULL);
		if (stop.tid < 0 && errno == EINTR)
			continue;
		if (stop.tid < 0 && n == 0)
			return -errno;
		if (stop.tid == 0 && n == 0) {
			if (ft_now() >= poll_end)
				poll_end = 0;
			continue;
		}
		if (stop.tid <= 0)
			break;
		stop.time_ns = ft_now();
		classify(&stop);
		if (add(q, &stop) < 0)
			return -ENOMEM;
		n++;
	} while (n == 0 || (all && n < BATCH));
	return 0;
}

int ft_stop_event(pid_t tid)
{
	siginfo_t at; /* si_code is what wait4() has in the upper bits of the status */

	if (ptrace(PTRACE_GETSIGINFO, tid, 0, &at) < 0)
		return -errno;
	return at.si_code > 0 ? at.si_code >> 8 : 0;
}
