#if defined(__x86_64__)
#define _GNU_SOURCE
#include "engine/inline/stops/exiting.h"

#include <errno.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/user.h>
#include <sys/wait.h>

#include "arch/x86_64/recorder.h"
#include "engine/inline/area.h"
#include "engine/inline/drain/drain.h"
#include "engine/inline/run/made.h"

/*
 * Of a thread killed before it came to its exec's stop nothing is told but its end, under the leader's tid. What was
 * under way in the leader when the memory went stays so.
 */
static bool is_after_exec(const struct ft_task *t)
{
	errno = 0;
	return ptrace(PTRACE_PEEKTEXT, t->tid, FT_RECORDER_BASE, 0) == -1 && errno == EIO;
}

/* A process without threads that has not been killed ends by a call of its own, under way by its record. */
static bool ends_by_its_call(struct ft_session *s, const struct ft_task *t)
{
	struct ft_area_seen seen;

	if (!t->knows_end || !WIFEXITED(t->end_status) || t->tid != t->tgid || t->in->dying ||
		t->in->space->refs > 1)
		return false;
	pthread_mutex_lock(&s->in->lock);
	ft_area_look(t->in, &seen);
	pthread_mutex_unlock(&s->in->lock);
	return ft_area_is_in_call(&seen) &&
	       (seen.raw.nr == SYS_exit_group || seen.raw.nr == SYS_exit);
}

void ft_inline_exiting(struct ft_session *s, struct ft_task *t)
{
	struct user_regs_struct regs;
	struct ft_inline_task *it = t->in;
	struct ft_area_seen seen;
	uint64_t ret = 0;

	ft_made_exiting(s, t);
	if (!it || !it->area)
		return;
	it->exiting = true;
	/* Else the registers tell, to the instruction, whether a call was under way. */
	if (ends_by_its_call(s, t)) {
		pthread_mutex_lock(&s->in->lock);
		ft_drain_sigreturn(s, it);
		ft_drain(s, it);
		pthread_mutex_unlock(&s->in->lock);
		return;
	}
	if (ptrace(PTRACE_GETREGS, t->tid, 0, &regs) < 0)
		return;
	pthread_mutex_lock(&s->in->lock);
	/* Seccomp may have killed it in that very call. */
	if (regs.rip != ft_recorder_pass() && regs.orig_rax != SYS_rt_sigreturn && !it->dying)
		ft_drain_sigreturn(s, it);
	if (ft_recorder_is_returning(regs.rip) && !ft_drain_take_back(it, false)) {
		pthread_mutex_unlock(&s->in->lock);
		return;
	}
	ft_drain(s, it);
	ft_area_look(it, &seen);
	ft_area_set(&it->area->busy, 0);
	switch (ft_recorder_undo(&regs, &seen.head, &seen.raw, &ret)) {
	case FT_RETURNED:
		if ((int64_t)regs.orig_rax >= 0)
			ft_area_set(&it->area->busy, seen.head.cur); /* it dies in it */
		else
			ft_drain_close(s, it, &seen, (int64_t)regs.rax);
		break;
	case FT_FINISHED:
		ft_drain_close(s, it, &seen, seen.raw.ret);
		break;
	default:
		if (ft_area_is_in_call(&seen) && is_after_exec(t))
			ft_area_set(&it->area->busy, seen.head.cur);
		break;
	}
	pthread_mutex_unlock(&s->in->lock);
}
#endif
