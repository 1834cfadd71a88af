/* Tasks become ours: whose they are, and how they are seized. */
#define _GNU_SOURCE
#include <errno.h>
#include <sys/ptrace.h>
#include <linux/ptrace.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "engine/engine.h"
#include "remote.h"
#include "tracer.h"

long ft_tracer_seize_options(const struct ft_session *s)
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

struct ft_task *ft_tracer_add_task(
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

/*
 * A new task, at its first stop or at its parent's (0: unknown), whichever comes first. NULL: it is
 * not ours, or not any more.
 */
struct ft_task *ft_tracer_adopt(struct ft_session *s, pid_t tid, pid_t parent, uint64_t now)
{
	char status[4096];
	ssize_t n = ft_remote_proc(tid, "status", status, sizeof(status) - 1);
	struct ft_task *t;
	long tgid;

	if (n <= 0)
		return NULL;
	status[n] = 0;
	tgid = ft_remote_status_field(status, "Tgid");
	if (tgid <= 0 || ft_remote_status_field(status, "TracerPid") != syscall(SYS_gettid))
		return NULL;
	/* PTRACE_O_TRACECLONE tells of all but plain forks, not only of threads. */
	if (!(s->options & FT_OPT_FOLLOW) && tgid != s->root)
		return NULL;
	if (!parent)
		parent = tid == tgid ? (pid_t)ft_remote_status_field(status, "PPid") : (pid_t)tgid;
	t = ft_tracer_add_task(s, tid, (pid_t)tgid, parent, now);
	if (!t)
		ft_session_fail(s, -ENOMEM);
	return t;
}
