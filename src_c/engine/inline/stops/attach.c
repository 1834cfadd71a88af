/* A process that runs already starts to record itself. */
#if defined(__x86_64__)
#define _GNU_SOURCE
#include "engine/inline/stops/attach.h"

#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/ptrace.h>
#include <linux/ptrace.h>
#include <unistd.h>

#include "engine/inline/dispatch.h"
#include "engine/inline/patch/undo.h"
#include "engine/inline/space/actions.h"
#include "engine/inline/space/code.h"
#include "engine/inline/space/placing.h"
#include "engine/inline/space/prepare.h"
#include "engine/inline/space/space.h"
#include "engine/inline/space/unmap.h"
#include "engine/inline/stops/filters.h"
#include "engine/inline/stops/refused.h"
#include "kernel/pending.h"
#include "kernel/proc.h"
#include "kernel/sharing.h"
#include "kernel/wait.h"
#include "session/record.h"

/* Whether /proc/PID/<name> and our own lead to the same. */
static bool is_same(pid_t pid, const char *name)
{
	char path[48], theirs[128] = "", ours[128] = "";

	snprintf(path, sizeof(path), "/proc/%d/%s", pid, name);
	if (readlink(path, theirs, sizeof(theirs) - 1) < 0)
		return false;
	snprintf(path, sizeof(path), "/proc/self/%s", name);
	return readlink(path, ours, sizeof(ours) - 1) >= 0 && !strcmp(theirs, ours);
}

static enum ft_fallback can_attach(const struct ft_task *t)
{
	int in_use = ft_dispatch_in_use(t->tid);
	uint64_t gs;

	if (in_use)
		return in_use < 0 ? FT_FALLBACK_KERNEL : FT_FALLBACK_DISPATCH;
	if (ft_dispatch_gs(t->tid, &gs) < 0 || gs)
		return FT_FALLBACK_GS;
	if (!is_same(t->tgid, "ns/pid") || !is_same(t->tgid, "ns/mnt") || !is_same(t->tgid, "root"))
		return FT_FALLBACK_NAMESPACE;
	/* What is written to its text would be in the way of the other one, which is not stopped. */
	if (ft_sharing_memory(t->tgid))
		return FT_FALLBACK_SHARED;
	return FT_FALLBACK_NONE;
}

static struct ft_space *space_of_others(const struct ft_session *s, const struct ft_task *t)
{
	if (s->in->visited && s->in->visited->pid == t->tgid)
		return s->in->visited;
	for (const struct ft_inline_task *it = s->in->tasks; it; it = it->next)
		if (it->task->tgid == t->tgid)
			return it->space;
	return NULL;
}

/* The space lives with its tasks from now on. */
static void let_live(struct ft_session *s)
{
	struct ft_space *sp = s->in->visited;

	s->in->visited = NULL;
	pthread_mutex_lock(&s->in->lock);
	if (sp && --sp->refs == 0)
		ft_space_free(sp);
	pthread_mutex_unlock(&s->in->lock);
}

bool ft_attach_is_complete(struct ft_session *s, struct ft_space *sp)
{
	struct ft_task *t = NULL;
	int bucket = 0;

	if (s->detaching)
		return false; /* one that does not record may have been let go and be forgotten */
	while (sp->partial && (t = ft_task_next(&s->tasks, t ? t->next : NULL, &bucket)))
		if (t->tgid == sp->pid && (!t->in || !t->in->area))
			return false;
	sp->partial = false;
	if (sp == s->in->visited)
		let_live(s);
	return true;
}

/* Inside a call that makes a child, or at its end: it can be made to run nothing, and the call's result is to come. */
static bool is_in_call(const struct ft_task *t)
{
	int event = ft_stop_event(t->tid);

	if (event < 0)
		return true; /* killed meanwhile */
	switch (event) {
	case PTRACE_EVENT_FORK:
	case PTRACE_EVENT_VFORK:
	case PTRACE_EVENT_CLONE:
	case PTRACE_EVENT_EXIT:
		return true;
	default:
		return false;
	}
}

bool ft_attach_end(struct ft_session *s, struct ft_task *t)
{
	struct ft_space *sp = s->in->visited;

	if (sp && t && sp->pid == t->tgid && ft_space_is_last(sp)) {
		if (is_in_call(t))
			return false;
		ft_space_unmap(s, t, sp); /* those who recorded have ended */
	}
	if (!t || (sp && sp->pid == t->tgid))
		let_live(s);
	return true;
}

/* Of a process that cannot: its other threads need not try. */
static bool is_refused(const struct ft_session *s, const struct ft_task *t)
{
	return s->in->refused == t->tgid;
}

/* Threads that are born before their makers record are no different from those. */
static bool is_visited(const struct ft_session *s, const struct ft_task *t)
{
	return t->attached || (!s->spawned && t->tgid == s->root);
}

bool ft_inline_attached(struct ft_session *s, struct ft_task *t)
{
	struct ft_space *sp = space_of_others(s, t);
	enum ft_fallback why = FT_FALLBACK_NONE;
	struct ft_standing state = { .knows_mask = false };

	if (s->detaching || (sp ? sp->leaving : is_refused(s, t) || !is_visited(s, t)))
		return true;
	if (ft_pending_comes_first(t->tid))
		return false;
	if (ft_refused_is_pending(t))
		why = FT_FALLBACK_SIGNALS;
	else if (!ft_filters_look(t))
		why = FT_FALLBACK_SECCOMP;
	if (!sp && why == FT_FALLBACK_NONE) {
		why = ptrace(PTRACE_GETREGS, t->tid, 0, &state.regs) < 0
			      ? FT_FALLBACK_SETUP
			      : ft_can_prepare(t, &state.regs);
		if (why == FT_FALLBACK_NONE)
			why = can_attach(t);
		t->ignores_traps = true;
		if (why == FT_FALLBACK_NONE)
			ft_actions_look(t);
		if (why == FT_FALLBACK_NONE && ft_space_attach(s, t, &sp) < 0)
			why = ft_prepare_failed(t);
		if (sp) {
			ft_code_stop_forks(s->in, sp); /* it may have threads */
			sp->refs++; /* whatever becomes of its first task */
			s->in->visited = sp;
		}
	}
	t->ignores_traps = true;
	if (why == FT_FALLBACK_NONE)
		why = t->stay;
	if (why == FT_FALLBACK_NONE && (ptrace(PTRACE_GETREGS, t->tid, 0, &state.regs) < 0 ||
					       ft_prepare_task(s, t, sp, &state) < 0))
		why = ft_prepare_failed(t);
	else if (why == FT_FALLBACK_NONE)
		ft_set_regs(t, &state.regs);
	if (why == FT_FALLBACK_NONE)
		return true;
	ft_actions_forget(t);
	s->in->refused = t->tgid;
	if (sp && !sp->leaving && space_of_others(s, t)) {
		sp->leaving = true; /* or this thread would run what is patched for the others */
		sp->why = why;
		ft_patch_undo_all(s, t, sp);
	}
	ft_record_engine(s, t, FT_ENGINE_PTRACE, why);
	return true;
}
#endif
