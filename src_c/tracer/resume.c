#define _GNU_SOURCE
#include "tracer/resume.h"

#include <signal.h>
#include <sys/ptrace.h>

#include "alter/delay.h"
#include "kernel/pending.h"
#include "session/engine.h"
#include "session/interrupt.h"
#include "session/waiting.h"
#include "tracer/lives.h"
#include "tracer/registers.h"

/*
 * Lets a stopped task go on, or, when the session ends, go; but not from the entry of a call: it would
 * be woken up as if by a signal, and the call fail with EINTR where nobody mends it (kernel/ptrace.c,
 * __ptrace_unlink(), and ptrace_stop() "never clears it"). Our interrupt brings it to the call's end.
 */
static void resume_from(struct ft_session *s, struct ft_task *t, int sig, bool at_entry)
{
	if (s->killing)
		kill(t->tgid, SIGKILL);
	if (ft_task_replaced(t))
		return;
	if (sig && !at_entry)
		t->interrupting = false; /* an EINTR is the signal's */
	if (!at_entry)
		ft_interrupt_settle(t);
	if (t->asked && (!s->engine->is_shown || s->engine->is_shown(s, t)))
		ft_registers_serve(s, t);
	if ((s->detaching || t->leaves) && !at_entry) {
		if (s->engine->let_go && !s->engine->let_go(s, t, &sig))
			return;
		if (!ptrace(PTRACE_DETACH, t->tid, 0, (void *)(long)sig))
			ft_lives_drop(s, t);
		return; /* else it was killed meanwhile: wait4 will say so */
	}
	/* Its first stop has taken the place of the one that it was asked for when it was attached to. */
	if (t->attached && !t->born && s->engine->attached && !at_entry &&
		!ft_pending_comes_first(t->tid))
		ft_interrupt(t);
	s->engine->resume(s, t, sig);
}

void ft_resume(struct ft_session *s, struct ft_task *t, int sig)
{
	resume_from(s, t, sig, false);
}

void ft_resume_call(struct ft_session *s, struct ft_task *t)
{
	struct ft_frame frame;
	int sig = t->alteration.signal;

	if (t->sleeps_until && !s->killing && !s->detaching) {
		pthread_mutex_lock(&s->lock);
		if (s->bell)
			ft_bell_ring_at(s->bell, ft_delay_next(s));
		pthread_mutex_unlock(&s->lock);
		return;
	}
	t->sleeps_until = 0;
	t->alteration.signal = 0;
	if (sig)
		t->sent |= 1ull << (sig - 1);
	ft_waiting_enter(s, &frame, t);
	resume_from(s, t, sig, t->in_call != FT_CALL_NONE && !t->suspended);
	ft_waiting_leave(s);
}
