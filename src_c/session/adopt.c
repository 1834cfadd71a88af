#define _GNU_SOURCE
#include "session/adopt.h"

#include <errno.h>
#include <sys/ptrace.h>
#include <linux/ptrace.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "session/engine.h"
#include "kernel/proc.h"

long ft_adopt_options(const struct ft_session *s)
{
	long options = PTRACE_O_TRACEEXEC | PTRACE_O_TRACECLONE;

	if (s->options & FT_OPT_FOLLOW)
		options |= PTRACE_O_TRACEFORK | PTRACE_O_TRACEVFORK;
	if (s->spawned)
		options |= PTRACE_O_EXITKILL;
	return options | s->engine->seize_options(s);
}

/* A task of the process: its leader, or, where that had ended before we attached, any other. */
static struct ft_task *member_of(struct ft_session *s, pid_t tgid)
{
	struct ft_task *t = ft_task_find(&s->tasks, tgid);
	int bucket = 0;

	if (t)
		return t;
	while ((t = ft_task_next(&s->tasks, t ? t->next : NULL, &bucket)) && t->tgid != tgid)
		continue;
	return t;
}

struct ft_task *ft_adopt_known(
	struct ft_session *s, pid_t tid, pid_t tgid, pid_t ppid, uint64_t now)
{
	struct ft_task *leader = tid == tgid ? NULL : member_of(s, tgid);
	struct ft_task *parent = leader ? leader : ft_task_find(&s->tasks, ppid);
	struct ft_task *t = ft_task_new(&s->tasks, tid, tgid);
	int32_t serial;

	if (!t)
		return NULL;
	t->parent = ppid;
	t->every_call = parent && parent->every_call;
	t->unreadable = parent && parent->unreadable;
	if (leader) {
		t->serial = leader->serial;
		return t;
	}
	pthread_mutex_lock(&s->lock);
	serial = ft_process_add(&s->processes, tgid, ppid, now);
	if (serial > 0 && parent)
		ft_process_inherit(&s->processes, serial, parent->serial);
	pthread_mutex_unlock(&s->lock);
	if (serial < 0) {
		ft_task_free(&s->tasks, t);
		return NULL;
	}
	t->serial = serial;
	return t;
}

/* Without permission to signal it: it is there all the same. */
bool ft_adopt_is_member(pid_t tgid, pid_t tid)
{
	return !syscall(SYS_tgkill, tgid, tid, 0) || errno == EPERM;
}

/*
 * The process that a task belongs to; 0: it has gone. Asked of the kernel alone, for /proc may fail us. how: what a
 * birth event said; threads are told of as clones (kernel/fork.c), unless somebody calls for SIGCHLD at their end.
 */
static pid_t group_of(const struct ft_session *s, pid_t tid, pid_t parent, int how)
{
	const pid_t likely = how == FT_FORK_CLONE ? parent : tid, other = parent + tid - likely;
	struct ft_task *t = NULL;
	int bucket = 0;

	if (likely && ft_adopt_is_member(likely, tid))
		return likely;
	if (other && ft_adopt_is_member(other, tid))
		return other;
	while ((t = ft_task_next(&s->tasks, t ? t->next : NULL, &bucket)))
		if (ft_adopt_is_member(t->tgid, tid))
			return t->tgid;
	return 0;
}

/* Nobody is to run on untraced where the session fails. */
static struct ft_task *refuse(struct ft_session *s, pid_t tid, int error)
{
	ft_session_fail(s, error);
	if (s->spawned)
		kill(tid, SIGKILL);
	return NULL;
}

/*
 * Whether the kernel still has it for a tracee of this thread. Its end may have been told before its birth, and another
 * one may have its number by now, or nobody waited for it yet but we: then it is ours no more.
 */
static bool is_tracee(pid_t tid)
{
	siginfo_t info;

	return !waitid(P_PID, (id_t)tid, &info,
		WEXITED | WSTOPPED | WNOHANG | WNOWAIT | __WALL | __WNOTHREAD);
}

struct ft_task *ft_adopt(struct ft_session *s, pid_t tid, pid_t parent, int how, uint64_t now)
{
	pid_t tgid = group_of(s, tid, parent, how);
	bool unknown_filters = false;
	struct ft_task *t;
	char status[4096];
	ssize_t n;

	if (!tgid)
		return NULL;
	/* PTRACE_O_TRACECLONE tells of all but plain forks, not only of threads. */
	if (!(s->options & FT_OPT_FOLLOW) && tgid != s->root)
		return NULL;
	if ((!parent || s->strangers) && !is_tracee(tid))
		return NULL;
	if (!parent && tgid == tid) {
		n = ft_proc_text(tid, "status", status, sizeof(status));
		if (n == -ENOENT || n == -ESRCH)
			return NULL;
		if (n < 0)
			return refuse(s, tid, (int)n); /* whose it is must be known */
		parent = (pid_t)ft_proc_status_field(status, "PPid");
		unknown_filters = ft_proc_status_field(status, "Seccomp") != 0;
	} else if (!parent) {
		t = ft_task_find(&s->tasks, tgid);
		unknown_filters = t && t->filters;
	}
	t = ft_adopt_known(s, tid, tgid, parent ? parent : tgid, now);
	if (t && unknown_filters) /* until its maker tells of it, if that still can */
		t->stay = FT_FALLBACK_SECCOMP;
	return t ? t : refuse(s, tid, -ENOMEM);
}
