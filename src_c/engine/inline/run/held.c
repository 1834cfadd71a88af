#if defined(__x86_64__)
#define _GNU_SOURCE
#include "engine/inline/run/held.h"

#include <signal.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "engine/inline/inline.h"
#include "kernel/clock.h"
#include "session/engine.h"
#include "session/record.h"

/* If blocked, it is queued again when it is given (kernel/signal.c, ptrace_signal()). */
int ft_held_keep(struct ft_task *t, const struct ft_stop *stop)
{
	if (!t->held_signal) {
		t->held_signal = stop->sig;
		ptrace(PTRACE_GETSIGINFO, t->tid, 0, &t->held_info);
		return 0;
	}
	/* Of two SIGSTOPs, or SIGTRAPs from kill(2), one is as good as both. */
	return stop->sig == SIGSTOP || stop->sig == SIGTRAP ? 0 : stop->sig;
}

static bool is_blocked(const struct ft_task *t)
{
	return t->held_signal != SIGSTOP && t->in && t->in->area &&
	       ft_area_get(&t->in->area->mask) >> (t->held_signal - 1) & 1;
}

int ft_held_give(struct ft_session *s, struct ft_task *t, int sig)
{
	if (t->held_signal && s->engine->ignored && s->engine->ignored(t, &t->held_info))
		t->held_signal = 0;
	/* At the stops of events the kernel takes no signal of the tracer's: ptrace_notify(). */
	if (!t->held_signal || sig || ft_stop_event(t->tid) ||
		ptrace(PTRACE_SETSIGINFO, t->tid, 0, &t->held_info) < 0)
		return sig;
	sig = t->held_signal;
	/* It comes without a stop of its own, unless it is blocked. */
	if (!is_blocked(t))
		ft_record_signal(s, t, &t->held_info, ft_now());
	t->held_signal = 0;
	return sig;
}

int ft_held_give_last(struct ft_session *s, struct ft_task *t, int sig)
{
	sig = ft_held_give(s, t, sig);
	if (t->held_signal)
		syscall(SYS_tgkill, t->tgid, t->tid, t->held_signal);
	t->held_signal = 0;
	return sig;
}
#endif
