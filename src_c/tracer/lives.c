#define _GNU_SOURCE
#include "tracer/lives.h"

#include <errno.h>
#include <signal.h>
#include <sys/ptrace.h>
#include <linux/ptrace.h>
#include <sys/wait.h>
#include <unistd.h>

#include "kernel/clock.h"
#include "session/adopt.h"
#include "session/engine.h"
#include "session/python.h"
#include "session/record.h"
#include "tracer/registers.h"
#include "tracer/start.h"

/* Nothing more of it will come but, perhaps, its end. */
static void conclude(struct ft_session *s, struct ft_task *t, uint64_t now)
{
	ft_registers_forget(s, t);
	if (s->engine->gone)
		s->engine->gone(s, t);
	ft_record_cut(s, t);
	if (t->announced)
		return;
	s->strangers = true; /* to its maker, if that tells of it yet */
	ft_record_birth(s, t, t->parent, t->parent, FT_FORK_FORK, now);
}

void ft_lives_drop(struct ft_session *s, struct ft_task *t)
{
	conclude(s, t, ft_now());
	ft_task_free(&s->tasks, t);
}

/*
 * What the kernel tells of an event stop. One that has been killed since stands at its PTRACE_EVENT_EXIT, perhaps, and
 * its message is the status it ends with: so the stop is looked at after the message. Of one that has no other thread
 * to end it that status is SIGKILL.
 */
static bool message_of(const struct ft_task *t, const struct ft_stop *stop, unsigned long *out)
{
	bool alone = t && t->tid == t->tgid && !t->threads && !t->attached;
	siginfo_t at; /* si_code is what wait4() has in the upper bits of the status */

	if (ptrace(PTRACE_GETEVENTMSG, stop->tid, 0, out) < 0)
		return false;
	if (alone && *out != SIGKILL)
		return true;
	return !ptrace(PTRACE_GETSIGINFO, stop->tid, 0, &at) && at.si_code == stop->status >> 8;
}

void ft_lives_birth(struct ft_session *s, struct ft_task *parent, const struct ft_stop *stop)
{
	unsigned long tid;
	struct ft_task *child;
	struct ft_stop first;

	if (s->engine->drain)
		s->engine->drain(s, parent);
	if (!message_of(parent, stop, &tid))
		return;
	child = ft_task_find(&s->tasks, (pid_t)tid);
	if (!child)
		child = ft_adopt(s, (pid_t)tid, parent->tgid, stop->birth, stop->time_ns);
	/* It may have run, ended or been let go before its parent came to this stop. */
	if (child && s->engine->birth)
		s->engine->birth(s, parent, child);
	if (child)
		ft_python_inherit(child, parent);
	if (child)
		ft_record_birth(s, child, parent->tgid, parent->tid, stop->birth, stop->time_ns);
	if (s->engine->early && s->engine->early(s, (pid_t)tid, &first))
		s->deal_with(s, &first);
}

/* Whether it goes on without us from this execve on, before anything of ours is in its memory. */
static bool leaves(const struct ft_session *s, struct ft_task *t)
{
	bool is_ours = t->tid == s->root || t->attached;

	return s->options & FT_OPT_UNTIL_EXEC && t->execs++ >= (is_ours ? s->execs_kept : 0);
}

/*
 * A thread that execs takes over the leader's tid; the others have died and been waited for, the
 * leader dies without a word (ptrace(2), "execve(2) under ptrace").
 */
struct ft_task *ft_lives_exec(
	struct ft_session *s, struct ft_task *leader, const struct ft_stop *stop)
{
	struct ft_task *t = leader;
	unsigned long former;

	if ((leader && !leader->threads) ||
		!message_of(NULL, stop, &former)) /* it dies as the leader: see drop_ghosts() */
		former = (unsigned long)stop->tid;
	if ((pid_t)former != stop->tid && (t = ft_task_find(&s->tasks, (pid_t)former))) {
		if (leader) {
			t->execs = leader->execs;
			ft_lives_drop(s, leader);
		}
	} else {
		t = leader;
	}
	if (!t)
		return NULL;
	if (s->engine->execing)
		s->engine->execing(s, t);
	if (t->tid != stop->tid) {
		ft_registers_forget(s, t);
		s->strangers |= !t->announced;
		ft_task_rename(&s->tasks, t, stop->tid);
	}
	t->at_exec = true;
	t->born = true; /* attached to in its execve, it has nothing that was there before us */
	t->unreadable = false;
	ft_python_forget(t);
	if (s->gate && t->tid == s->root)
		ft_start_done(s, t);
	t->leaves = leaves(s, t);
	if (t->leaves)
		ft_record_cut(s, t); /* its end is not seen */
	ft_record_exec(s, t, (pid_t)former, stop->time_ns);
	if (s->engine->execed && !t->leaves)
		s->engine->execed(s, t);
	return t;
}

static void end_task(struct ft_session *s, struct ft_task *t, const struct ft_stop *stop)
{
	conclude(s, t, stop->time_ns);
	ft_record_exit(s, t, stop->status, stop->time_ns);
	ft_task_free(&s->tasks, t);
}

/* Killed by a signal in its execve, which by then could not fail any more; not by the wall that forbids it. */
static bool died_in_exec(const struct ft_session *s, int status)
{
	return s->gate->stage == FT_STAGE_EXEC && !s->gate->error && WIFSIGNALED(status) &&
	       !(s->command->seccomp && WTERMSIG(status) == SIGSYS);
}

/*
 * wait4 reports a process's leader when all its other threads have gone: one that we still know was
 * killed before its first stop, and its end was told under nobody's name. It is as the leader's.
 */
static void drop_ghosts(
	struct ft_session *s, const struct ft_task *leader, const struct ft_stop *stop)
{
	struct ft_task *t = NULL;
	int bucket = 0;

	if (leader->tid != leader->tgid)
		return;
	while ((t = ft_task_next(&s->tasks, t ? t->next : NULL, &bucket)))
		if (t->tgid == leader->tgid && t != leader) {
			end_task(s, t, stop);
			t = NULL;
			bucket = 0;
		}
}

void ft_lives_exited(struct ft_session *s, struct ft_task *t, const struct ft_stop *stop)
{
	bool is_root = t->tid == s->root;

	drop_ghosts(s, t, stop);
	if (s->gate && is_root && died_in_exec(s, stop->status)) {
		ft_start_done(s, t);
	} else if (s->gate && is_root) {
		ft_start_failed(s, t, stop);
		ft_task_free(&s->tasks, t);
		return;
	}
	s->root_ended |= is_root;
	if (is_root) { /* before the event: who has read that may ask for it */
		pthread_mutex_lock(&s->lock);
		s->stats.root_status = stop->status;
		if (s->root_pidfd >= 0)
			close(s->root_pidfd);
		s->root_pidfd = -1;
		pthread_cond_broadcast(&s->changed);
		pthread_mutex_unlock(&s->lock);
	}
	end_task(s, t, stop);
}

static void end_at(struct ft_session *s, struct ft_task *t, const struct ft_stop *stop, int status)
{
	struct ft_stop end = *stop;

	end.kind = FT_STOPPED_EXITED;
	end.status = status;
	ft_lives_exited(s, t, &end);
}

/* Not the command's, which is ours to wait for, nor of a process that may have threads that we do not know yet. */
static bool may_be_let_go(struct ft_session *s, struct ft_task *t)
{
	if (t->attached || t->asked)
		return false;
	return t->tid != t->tgid || (!t->threads && t->tid != s->root &&
					    !(s->engine->awaits && s->engine->awaits(s, t)));
}

void ft_lives_ending(struct ft_session *s, struct ft_task *t)
{
	unsigned long status;

	t->knows_end = may_be_let_go(s, t) && !ptrace(PTRACE_GETEVENTMSG, t->tid, 0, &status);
	if (t->knows_end)
		t->end_status = (int)status;
}

/*
 * What is left of a process, or of a thread, that stands at its exit event we need not see: how it ends is decided
 * (kernel/exit.c, synchronize_group_exit(), Linux 5.17), and to be told of. Its maker hears of it as soon as without
 * us.
 */
bool ft_lives_exiting(struct ft_session *s, struct ft_task *t, const struct ft_stop *stop)
{
	if (!t->knows_end || !WIFEXITED(t->end_status) || ptrace(PTRACE_DETACH, t->tid, 0, 0) < 0)
		return false;
	end_at(s, t, stop, t->end_status);
	return true;
}

void ft_lives_let_go(struct ft_session *s, struct ft_task *t, const struct ft_stop *stop)
{
	end_at(s, t, stop, t->end_status);
}
