#if defined(__x86_64__)
#define _GNU_SOURCE
#include "engine/inline/space/leave.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/ptrace.h>

#include "engine/inline/dispatch.h"
#include "engine/inline/drain/drain.h"
#include "engine/inline/patch/undo.h"
#include "engine/inline/run/arming.h"
#include "engine/inline/space/actions.h"
#include "engine/inline/space/areas.h"
#include "engine/inline/space/placing.h"
#include "engine/inline/space/space.h"
#include "engine/inline/space/unmap.h"
#include "session/record.h"

void ft_inline_task_free(struct ft_session *s, struct ft_task *t)
{
	struct ft_inline_task *it = t->in;
	struct ft_space *sp;

	if (!it)
		return;
	sp = it->space;
	pthread_mutex_lock(&s->in->lock);
	ft_drain_sigreturn(s, it);
	if (it->area) {
		ft_drain(s, it);
		ft_space_release(it);
		*it->link = it->next;
		if (it->next)
			it->next->link = it->link;
		sp->tasks--;
	}
	if (it->unborn)
		sp->unborn--;
	t->in = NULL;
	free(it);
	if (sp && --sp->refs == 0)
		ft_space_free(sp);
	pthread_mutex_unlock(&s->in->lock);
}

void ft_leave_task(struct ft_session *s, struct ft_task *t)
{
	struct ft_space *sp = t->in->space;
	uint64_t gs = 0;

	if (ft_arming_disarm(s, t, sp) == -EFAULT)
		kill(t->tgid, SIGKILL); /* it could not make a single call any more */
	if (ft_dispatch_gs(t->tid, &gs) == 0 && gs == t->in->base)
		ft_dispatch_set_gs(t->tid, 0);
	pthread_mutex_lock(&s->in->lock);
	ft_drain_sigreturn(s, t->in);
	ft_drain(s, t->in);
	pthread_mutex_unlock(&s->in->lock);
	ft_actions_leave(s, t);
	if (sp->tasks == 1)
		ft_patch_undo_padding(sp);
	if (ft_space_is_last(sp))
		ft_space_unmap(s, t, sp);
	ft_inline_task_free(s, t);
}

void ft_leave(struct ft_session *s, struct ft_task *t, enum ft_fallback why)
{
	struct ft_space *sp = t->in->space;

	if (!sp->leaving) {
		sp->leaving = true;
		sp->why = why;
		/* A text that has gone cannot be written, and need not be. */
		ft_patch_undo_all(s, t, sp);
	}
	if (why != FT_FALLBACK_NONE)
		ft_record_engine(s, t, FT_ENGINE_PTRACE, why);
	ft_leave_task(s, t);
}
#endif
