/* The inline engine's part in the tracer thread's loop: what each stop of a task that records itself
 * means. */
#if defined(__x86_64__)
#define _GNU_SOURCE
#include <errno.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <linux/ptrace.h>
#include <sys/auxv.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "alter/alter.h"
#include "engine/inline/dispatch.h"
#include "engine/inline/drain/drain.h"
#include "engine/inline/drain/drainer.h"
#include "engine/inline/patch/files.h"
#include "engine/inline/patch/patch.h"
#include "engine/inline/patch/undo.h"
#include "engine/inline/verdict.h"
#include "engine/inline/run/arming.h"
#include "engine/inline/run/held.h"
#include "engine/inline/run/run.h"
#include "engine/inline/run/vdso.h"
#include "engine/inline/space/actions.h"
#include "engine/inline/space/code.h"
#include "engine/inline/space/leave.h"
#include "engine/inline/space/memory.h"
#include "engine/inline/space/placing.h"
#include "engine/inline/space/prepare.h"
#include "engine/inline/stops/altered.h"
#include "engine/inline/stops/attach.h"
#include "engine/inline/stops/births.h"
#include "engine/inline/stops/captured.h"
#include "engine/inline/stops/dumpable.h"
#include "engine/inline/stops/exiting.h"
#include "engine/inline/stops/normalise.h"
#include "engine/inline/stops/refused.h"
#include "engine/inline/stops/threads.h"
#include "engine/inline/stops/traps.h"
#include "kernel/clock.h"
#include "kernel/pending.h"
#include "session/engine.h"
#include "session/interrupt.h"
#include "session/record.h"

#define FSGSBASE (1 << 1) /* HWCAP2_FSGSBASE, asm/hwcap2.h */

static uint64_t bit(int sig)
{
	return 1ull << (sig - 1);
}

/* The program is new. The task stands at its PTRACE_EVENT_EXEC. */
static void engine_execed(struct ft_session *s, struct ft_task *t)
{
	struct ft_standing state = s->in->execed;
	struct ft_mapping text;
	struct ft_space *sp;
	enum ft_fallback why;

	if (!t->stack)
		return; /* killed meanwhile */
	ft_arming_learn(s, t);
	ft_actions_exec(t);
	why = ft_alter_needs_exit(t) ? FT_FALLBACK_ALTERED : ft_can_prepare(t, &state.regs);
	if (why != FT_FALLBACK_NONE) {
		ft_actions_forget(t);
		ft_record_engine(s, t, FT_ENGINE_PTRACE, why);
		return; /* the exec's end is still to come */
	}
	ft_actions_look(t);
	if (ft_space_new(s, t, &state, &text, &sp) < 0 || ft_prepare_task(s, t, sp, &state) < 0) {
		ft_actions_forget(t);
		ft_record_engine(s, t, FT_ENGINE_PTRACE, ft_prepare_failed(t));
	} else {
		ft_patch_known(s, t, &text);
	}
	ft_set_regs(t, &state.regs);
	ft_record_return(s, t, 0, false, ft_now());
}

/* The task's state can be seen from now on, or it goes to the ptrace engine. */
static void engine_shown(struct ft_session *s, struct ft_task *t, int sig)
{
	struct user_regs_struct regs;
	struct ft_inline_task *it = t->in;
	bool knows_mask;
	uint64_t mask;

	if (!it || !it->area)
		return;
	regs = it->regs;
	if (!it->knows_regs && ptrace(PTRACE_GETREGS, t->tid, 0, &regs) < 0)
		return;
	it->knows_regs = false;
	/* It stands where that trap belongs; before another signal the kernel would have taken it (kernel/signal.c,
	 * dequeue_synchronous_signal()). */
	if (!sig && ft_pending_comes_first(t->tid))
		return;
	ft_captured_settle(it, regs.rip);
	knows_mask = !it->signals && !ft_recorder_sets_mask(regs.rip);
	pthread_mutex_lock(&s->in->lock);
	if (regs.rip == ft_recorder_pass())
		it->returning = false; /* it will trap again */
	if (!ft_refused_sigreturn(t, &regs))
		ft_drain_sigreturn(s, it);
	ft_altered_shown(s, t, &regs);
	if (ft_normalise(s, t, &regs))
		ft_set_regs(t, &regs);
	ft_drain(s, it);
	pthread_mutex_unlock(&s->in->lock);
	it->by_stops = false;
	if ((it->space->spoiled || (it->space->leaving && !ft_threads_are_awaited(s, t))) &&
		!ft_pending_may_be_fault(sig) && !ft_pending_comes_first(t->tid)) {
		ft_leave(s, t, it->space->spoiled ? FT_FALLBACK_SPOILED : FT_FALLBACK_NONE);
		return;
	}
	/* Its child's end, perhaps, before it forks again. */
	if (sig && !ft_pending_may_be_fault(sig))
		ft_patch_catch_up(s, t);
	it->delivers = sig && ft_actions_handles(t, sig);
	mask = ft_area_get(&it->area->mask);
	if (sig && (knows_mask || ft_area_note_mask(t, &mask))) {
		it->signal_mask = mask;
		it->signals |= bit(sig);
		it->noted = false;
		ft_captured_allow(it);
	}
}

static void engine_drain(struct ft_session *s, struct ft_task *t)
{
	if (!t->in || !t->in->area)
		return;
	pthread_mutex_lock(&s->in->lock);
	ft_drain(s, t->in);
	pthread_mutex_unlock(&s->in->lock);
}

/* Before the exec is told of: the call is under way, in an address space that has gone. */
static void engine_execing(struct ft_session *s, struct ft_task *t)
{
	struct ft_inline_task *it = t->in;
	struct ft_standing *state = &s->in->execed;

	*state = (struct ft_standing){ .is_new = true };
	t->stack = ptrace(PTRACE_GETREGS, t->tid, 0, &state->regs) < 0 ? 0 : state->regs.rsp;
	if (s->in->visited && s->in->visited->pid == t->tgid)
		ft_attach_end(s, NULL);
	if (!it)
		return;
	state->knows_mask = it->area && !it->signals;
	state->mask = state->knows_mask ? ft_area_get(&it->area->mask) : 0;
	engine_drain(s, t);
	pthread_mutex_lock(&s->in->lock);
	ft_drain_sigreturn(s, it);
	ft_drain_begun(s, it);
	pthread_mutex_unlock(&s->in->lock);
	t->foreign |= it->space->foreign;
	ft_inline_task_free(s, t);
}

static void engine_gone(struct ft_session *s, struct ft_task *t)
{
	struct ft_inline_task *it = t->in;

	if (!it)
		return;
	engine_drain(s, t);
	pthread_mutex_lock(&s->in->lock);
	ft_drain_begun(s, it);
	pthread_mutex_unlock(&s->in->lock);
	if (s->in->early)
		ft_inline_foresee_birth(s, t);
	if (it->giving_birth)
		ft_inline_adopt_orphans(s, t);
	if (it->returning) {
		it->returning = false;
		ft_record_begun(s, t, it->sigreturn, NULL, 0);
	}
	ft_inline_task_free(s, t);
}

static void engine_idle(struct ft_session *s)
{
	ft_memory_clear(&s->in->leftovers, FT_LEFTOVERS_KEPT);
}

static long engine_seize_options(const struct ft_session *s)
{
	return ft_engine_ptrace.seize_options(s) | PTRACE_O_TRACEEXIT;
}

static int engine_call_stop(struct ft_session *s, struct ft_task *t, const struct ft_stop *stop)
{
	if (t->in && t->in->area)
		return ft_altered_stop(s, t, stop);
	return ft_engine_ptrace.call_stop(s, t, stop);
}

static void go_on(struct ft_session *s, struct ft_task *t, int sig)
{
	bool delivers = false;

	if (t->in) {
		delivers = t->in->delivers && sig;
		t->in->giving = t->in->delivers = false;
	}
	sig = ft_held_give(s, t, sig);
	if (ft_task_replaced(t))
		return;
	if (!t->in)
		ft_engine_ptrace.resume(s, t, sig);
	else if (!delivers || !ft_actions_deliver(s, t, sig))
		ptrace(t->in->by_stops ? PTRACE_SYSCALL : PTRACE_CONT, t->tid, 0,
			(void *)(long)sig);
}

static void engine_resume(struct ft_session *s, struct ft_task *t, int sig)
{
	/* A trap of ours has taken the place of the stop at which it would have been let go. */
	if (s->detaching || (t->asked && !ft_pending_comes_first(t->tid)))
		ft_interrupt(t);
	go_on(s, t, sig);
}

/* In the program, or in a call that has two stops. */
static bool engine_is_shown(struct ft_session *s, struct ft_task *t)
{
	struct user_regs_struct regs;

	(void)s;
	if (!t->in || !t->in->area || t->in->by_stops)
		return true;
	return !ft_pending_comes_first(t->tid) && ptrace(PTRACE_GETREGS, t->tid, 0, &regs) == 0 &&
	       regs.rip - FT_RECORDER_BASE >= FT_RECORDER_SIZE &&
	       !ft_patch_of_springboard(t->in->space, regs.rip);
}

/*
 * Not at a birth event, inside the call that makes the child, nor at the exit event: the task cannot be
 * made to run anything there. The next stop will do, or another task.
 */
static bool engine_let_go(struct ft_session *s, struct ft_task *t, int *sig)
{
	if (ft_pending_may_be_fault(*sig)) {
		engine_resume(s, t, *sig);
		return false;
	}
	if (!t->in || !t->in->area) {
		if (ft_pending_comes_first(t->tid)) {
			go_on(s, t, *sig);
			return false;
		}
		if (!ft_attach_end(s, t)) {
			engine_resume(s, t, *sig);
			return false;
		}
		*sig = ft_held_give_last(s, t, *sig);
		return true;
	}
	if (t->in->giving || ft_threads_are_awaited(s, t)) {
		engine_resume(s, t, *sig);
		return false;
	}
	if (t->in->exiting || ft_pending_comes_first(t->tid)) {
		go_on(s, t, *sig); /* to a stop that comes unasked */
		return false;
	}
	ft_attach_end(s, t);
	engine_shown(s, t, 0);
	if (t->in)
		ft_leave(s, t, FT_FALLBACK_NONE);
	*sig = ft_held_give_last(s, t, *sig);
	return true;
}

static const void *engine_memory_of(const struct ft_task *t)
{
	return t->in ? t->in->space : NULL;
}

static void engine_close(struct ft_session *s)
{
	if (!s->in)
		return;
	ft_attach_end(s, NULL);
	while (s->in->early) {
		struct ft_early *e = s->in->early;

		s->in->early = e->next;
		free(e);
	}
	ft_memory_clear(&s->in->leftovers, 0);
	ft_code_close(s->in);
	ft_maps_close(&s->in->maps);
	ft_files_free(s->in->files);
	ft_tsc_end(&s->in->clock);
	pthread_mutex_destroy(&s->in->lock);
	pthread_cond_destroy(&s->in->wake);
	free(s->in);
	s->in = NULL;
}

static int engine_open(struct ft_session *s)
{
	pthread_mutexattr_t recursive;
	int rc;

	s->in = calloc(1, sizeof(*s->in));
	if (!s->in)
		return -ENOMEM;
	s->in->code = -1;
	s->in->self = getpid();
	s->in->brief = ft_record_only_counts(s);
	pthread_mutexattr_init(&recursive);
	pthread_mutexattr_settype(&recursive, PTHREAD_MUTEX_RECURSIVE);
	pthread_mutex_init(&s->in->lock, &recursive); /* tasks exit while we wait for another */
	pthread_mutexattr_destroy(&recursive);
	ft_cond_init(&s->in->wake);
	s->in->vdso_end = ft_vdso_end();
	s->in->fsgsbase = getauxval(AT_HWCAP2) & FSGSBASE;
	rc = ft_tsc_start(&s->in->clock);
	s->in->privileged = ft_dumpable_is_privileged();
	s->in->filtered = prctl(PR_GET_SECCOMP) != 0;
	ft_verdict_slow(s->in);
	if (!rc)
		rc = ft_code_open(s);
	if (rc < 0)
		engine_close(s);
	return rc;
}

static void engine_flush(struct ft_session *s)
{
	/* Where the tracer thread is at it there is something to take anyway. */
	if (pthread_mutex_trylock(&s->in->lock))
		return;
	s->flushing = true;
	for (struct ft_inline_task *it = s->in->tasks; it; it = it->next)
		ft_drain_running(s, it);
	s->flushing = false;
	pthread_mutex_unlock(&s->in->lock);
}

const struct ft_engine ft_engine_inline = {
	.name = "inline",
	.open = engine_open,
	.ended = ft_drainer_end,
	.close = engine_close,
	.seize_options = engine_seize_options,
	.call_stop = engine_call_stop,
	.resume = engine_resume,
	.is_shown = engine_is_shown,
	.show_registers = ft_altered_show_registers,
	.hide_registers = ft_altered_hide_registers,
	.signal = ft_inline_signal,
	.ignored = ft_actions_ignores,
	.memory_of = engine_memory_of,
	.take_back = ft_run_take_back,
	.shown = engine_shown,
	.drain = engine_drain,
	.untold = ft_threads_untold,
	.awaits = ft_threads_are_awaited,
	.defer = ft_inline_defer,
	.early = ft_inline_early,
	.birth = ft_inline_birth,
	.born = ft_inline_born,
	.attached = ft_inline_attached,
	.execing = engine_execing,
	.execed = engine_execed,
	.exiting = ft_inline_exiting,
	.idle = engine_idle,
	.gone = engine_gone,
	.let_go = engine_let_go,
	.flush = engine_flush,
};
#endif
