/* Tasks that are made by tasks that record themselves. */
#if defined(__x86_64__)
#define _GNU_SOURCE
#include "engine/inline/stops/births.h"

#include <errno.h>
#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>

#include "engine/inline/drain/drain.h"
#include "engine/inline/mem.h"
#include "engine/inline/patch/text.h"
#include "engine/inline/patch/undo.h"
#include "engine/inline/run/arming.h"
#include "engine/inline/run/run.h"
#include "engine/inline/space/actions.h"
#include "engine/inline/space/code.h"
#include "engine/inline/space/leave.h"
#include "engine/inline/space/placing.h"
#include "engine/inline/space/prepare.h"
#include "engine/inline/space/space.h"
#include "engine/inline/space/unmap.h"
#include "engine/inline/stops/attach.h"
#include "engine/inline/stops/normalise.h"
#include "engine/inline/stops/supervise.h"
#include "kernel/proc.h"
#include "kernel/seccomp.h"
#include "session/adopt.h"
#include "session/record.h"

/* A call that makes a child, for which the task may not have stopped before. */
struct fork {
	uint64_t at, ret; /* its record; where it goes on */
	uint64_t flags;
};

/* Whether it is in one: if it does not lie. */
static bool is_in_fork(const struct ft_session *s, struct ft_inline_task *it, struct fork *out)
{
	struct ft_area_seen seen;

	if (!it->area)
		return false;
	pthread_mutex_lock(&s->in->lock); /* who drains notes too which of its pages are there */
	ft_area_look(it, &seen);
	pthread_mutex_unlock(&s->in->lock);
	if (!ft_area_is_in_call(&seen))
		return false;
	*out = (struct fork){ .at = seen.head.cur, .ret = seen.head.ret };
	switch (seen.raw.nr) {
	case SYS_vfork:
		out->flags = CLONE_VM | CLONE_VFORK;
		return true;
	case SYS_fork:
		return true;
	case SYS_clone:
		out->flags = seen.raw.args[0];
		return out->flags == FT_FORK_FLAGS;
	default:
		return false;
	}
}

/* The processes that a new task belongs to and that it descends from; 0: not known. */
struct kin {
	long tgid, ppid;
};

static struct kin kin_of(pid_t tid)
{
	char status[4096];

	if (ft_proc_text(tid, "status", status, sizeof(status)) <= 0)
		return (struct kin){ 0 };
	return (struct kin){ ft_proc_status_field(status, "Tgid"),
		ft_proc_status_field(status, "PPid") };
}

/* Whether somebody's birth event may tell of a task yet. */
static bool may_be_told(const struct ft_session *s, pid_t tid)
{
	struct kin kin = { 0 };
	struct fork fork;

	for (const struct ft_inline_task *it = s->in->tasks; it; it = it->next)
		if (it->giving_birth)
			return true;
	for (struct ft_inline_task *it = s->in->tasks; it; it = it->next) {
		if (!is_in_fork(s, it, &fork))
			continue;
		if (!kin.tgid)
			kin = kin_of(tid);
		if (kin.ppid == it->task->tgid)
			return true;
	}
	return false;
}

bool ft_inline_defer(struct ft_session *s, const struct ft_stop *stop)
{
	struct ft_early *e;

	/* One that dies before its first stop: its parent, as leader, may only end after it. */
	if (stop->kind == FT_STOPPED_EXITING || !may_be_told(s, stop->tid) ||
		!(e = malloc(sizeof(*e))))
		return false;
	e->stop = *stop;
	e->next = s->in->early;
	s->in->early = e;
	return true;
}

bool ft_inline_early(struct ft_session *s, pid_t tid, struct ft_stop *out)
{
	for (struct ft_early **e = &s->in->early; *e; e = &(*e)->next)
		if ((*e)->stop.tid == tid ||
			(tid < 0 && (ft_task_find(&s->tasks, (*e)->stop.tid) ||
					    !may_be_told(s, (*e)->stop.tid)))) {
			struct ft_early *found = *e;

			*out = found->stop;
			*e = found->next;
			free(found);
			return true;
		}
	return false;
}

void ft_inline_foresee_birth(struct ft_session *s, struct ft_task *t)
{
	struct ft_inline_task *it = t->in;
	struct fork fork;

	if (!is_in_fork(s, it, &fork))
		return;
	if (it->giving_birth && it->birth_at == fork.at && it->birth_ret == fork.ret)
		return; /* else that is of an earlier call, which failed */
	pthread_mutex_lock(&s->in->lock);
	ft_drain_sigreturn(s, it);
	pthread_mutex_unlock(&s->in->lock);
	it->birth_ret = fork.ret;
	it->birth_flags = fork.flags;
	it->birth_changes = it->space->changes;
	it->giving_birth = true;
}

void ft_inline_inherit(struct ft_task *child, const struct ft_task *parent)
{
	child->stay = parent->stay;
	ft_seccomp_put(child->filters);
	child->filters = ft_seccomp_get(parent->filters);
	child->foreign = parent->foreign;
	child->ignores_traps = parent->ignores_traps;
}

void ft_inline_birth(struct ft_session *s, struct ft_task *parent, struct ft_task *child)
{
	struct ft_inline_task *from = parent->in, *it;

	ft_inline_inherit(child, parent);
	if (from)
		from->giving = true;
	if (from)
		ft_inline_foresee_birth(s, parent);
	if (!from || !from->giving_birth)
		return;
	from->giving_birth = false;
	if (child->in)
		return;
	it = ft_prepare_new(child, from->space);
	if (!it) {
		ft_session_fail(s, -ENOMEM);
		return;
	}
	it->birth_ret = from->birth_ret;
	it->birth_flags = from->birth_flags;
	it->birth_changes = from->birth_changes;
	ft_actions_inherit(child, parent, it->birth_flags);
	/* Of the parent, which is in the call, and so of the child that comes of it. */
	it->birth_mask = from->area ? ft_area_get(&from->area->mask) : 0;
	it->knows_birth_mask = from->area && !from->signals;
	it->unborn = !(it->birth_flags & CLONE_VM);
	it->space->unborn += it->unborn;
	if (it->birth_flags & CLONE_VM && !(it->birth_flags & CLONE_VFORK))
		ft_code_stop_forks(s->in, it->space);
}

/* Its text may lead to our code, where it cannot run, and nobody can mend that. */
static void give_up(struct ft_session *s, struct ft_task *t, int error)
{
	kill(t->tgid, SIGKILL);
	ft_session_fail(s, error);
}

/* The child's memory is a copy of its parent's. 0 or a negative errno: it must not run. */
static int take_copy(struct ft_session *s, struct ft_task *t)
{
	struct ft_inline_task *it = t->in;
	struct ft_space *from = it->space, *own;
	bool changed = it->birth_changes != from->changes || it->birth_changes % 2;
	int rc = ft_space_fork(s, t, from, &own);

	if (rc < 0)
		return rc;
	pthread_mutex_lock(&s->in->lock);
	own->refs = 1;
	own->leaving = from->leaving;
	own->why = from->why;
	it->space = own;
	it->unborn = false;
	from->unborn--;
	if (--from->refs == 0)
		ft_space_free(from);
	pthread_mutex_unlock(&s->in->lock);
	return changed ? ft_patch_mend(s, own) : 0;
}

/*
 * Of a child that cannot record itself. 0 or a negative errno: it must not run. One whose memory is closed to us was
 * made by a process that left the engine before it was closed, and so before the child was copied: see dumpable.h.
 */
static int take_back(struct ft_session *s, struct ft_task *t, struct ft_space *own)
{
	bool was_leaving = own->leaving;
	uint64_t word;
	int rc;

	own->leaving = true;
	rc = ft_mem_of(own) < 0 ? ft_text_read(own, FT_RECORDER_BASE, &word, sizeof(word)) : 0;
	if (rc)
		return rc == -EFAULT && was_leaving ? 0 : rc;
	rc = ft_patch_undo_all(s, t, own);
	if (!rc)
		ft_patch_undo_padding(own);
	return rc;
}

/* A new task's first stop: in the recorder, behind its parent's clone, with its parent's gs. */
void ft_inline_born(struct ft_session *s, struct ft_task *t)
{
	struct ft_inline_task *it = t->in;
	enum ft_fallback why = ft_prepare_failed(t);
	struct ft_standing state = { .is_new = true };
	struct user_regs_struct *regs = &state.regs;
	struct ft_space *own;
	int rc;

	if (!it)
		ft_inline_attached(s, t); /* perhaps the child of a thread that was not asked yet */
	if (!it || it->area)
		return;
	t->foreign |= it->space->foreign || ft_supervise_is_foreign(it->birth_flags);
	*regs = it->regs;
	if (!it->knows_regs && ptrace(PTRACE_GETREGS, t->tid, 0, regs) < 0)
		return;
	it->knows_regs = false;
	regs->rip = it->birth_ret;
	state.mask = it->birth_mask;
	state.knows_mask = it->knows_birth_mask;
	if (it->birth_flags & CLONE_VM) {
		if (it->space->leaving) {
			why = it->space->why;
			goto ptrace;
		}
		rc = ft_prepare_arm(s, t, &state);
		if (!rc)
			ft_set_regs(t, regs);
		if (!rc || rc == -ESRCH) /* it has been killed: that is no other's affair */
			return;
		it->space->leaving = true;
		it->space->why = why;
		ft_patch_undo_all(s, t, it->space);
		goto ptrace;
	}
	rc = take_copy(s, t);
	own = it->space;
	if (t->stay != FT_FALLBACK_NONE) {
		why = t->stay;
	} else if (own->leaving) {
		why = own->why;
	} else if (!rc && !ft_mem_is_closed(own) && !ft_prepare_arm(s, t, &state)) {
		ft_set_regs(t, regs);
		return;
	}
	if (!rc)
		rc = take_back(s, t, own);
	if (rc < 0) {
		if (rc != -ESRCH)
			give_up(s, t, rc);
		return;
	}
ptrace:
	regs->rip = ft_normalise_after(s, t, it->birth_ret);
	regs->gs_base = 0;
	ft_set_regs(t, regs);
	if (state.armed)
		ft_arming_disarm(s, t, it->space);
	ft_actions_leave(s, t);
	if (ft_space_is_last(it->space))
		ft_space_unmap(s, t, it->space);
	ft_inline_task_free(s, t);
	if (why != FT_FALLBACK_NONE) /* or we leave it altogether */
		ft_record_engine(s, t, FT_ENGINE_PTRACE, why);
}

/* Whether a process that is making a child, other than that of t, may have made this one. */
static bool is_of_another(const struct ft_session *s, const struct ft_task *t, pid_t tid)
{
	struct kin kin = kin_of(tid);
	struct fork fork;

	if (!kin.tgid)
		return true;
	for (struct ft_inline_task *it = s->in->tasks; it; it = it->next)
		if (it->task != t && it->task->tgid != t->tgid &&
			(it->task->tgid == kin.tgid || it->task->tgid == kin.ppid) &&
			(it->giving_birth || is_in_fork(s, it, &fork)))
			return true;
	return false;
}

/* It died before it could tell of a child that has stopped already. */
void ft_inline_adopt_orphans(struct ft_session *s, struct ft_task *t)
{
	for (struct ft_early *e = s->in->early; e; e = e->next) {
		pid_t tid = e->stop.tid;
		struct ft_task *child = ft_task_find(&s->tasks, tid);

		if (is_of_another(s, t, tid))
			continue;
		if (!child)
			child = ft_adopt(s, tid, t->tgid, FT_FORK_FORK, e->stop.time_ns);
		t->in->giving_birth = true;
		if (child && !child->in)
			ft_inline_birth(s, t, child);
	}
}
#endif
