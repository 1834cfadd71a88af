#if defined(__x86_64__)
#define _GNU_SOURCE
#include "engine/inline/stops/threads.h"

#include <sys/ptrace.h>
#include <sys/syscall.h>

#include "alter/plan.h"
#include "engine/inline/run/run.h"
#include "engine/inline/stops/supervise.h"
#include "kernel/clock.h"
#include "session/record.h"

bool ft_threads_can_end(
	const struct ft_session *s, const struct ft_task *t, const struct user_regs_struct *regs)
{
	const struct ft_space *sp = t->in->space;

	/* A filter of its own may answer, where that is nobody's any more. */
	return (uint32_t)regs->rax == SYS_exit && t->tid != t->tgid && !t->filters &&
	       !t->attached && !t->asked && !t->held_signal && !s->detaching && !sp->leaving &&
	       !sp->spoiled && !s->python_frames && !(s->options & FT_OPT_PLACES) &&
	       !ft_plan_has(s->plan, FT_ABI_X86_64, SYS_exit);
}

void ft_threads_end(struct ft_session *s, struct ft_task *t, struct user_regs_struct *regs)
{
	const uint64_t all = ~0ull;
	struct ft_inline_task *it = t->in;
	struct ft_event ev = {
		.args = { regs->rdi, regs->rsi, regs->rdx, regs->r10, regs->r8, regs->r9 },
		.pid = t->tgid,
		.tid = t->tid,
		.nr = SYS_exit,
		.abi = FT_ABI_X86_64,
		.kind = FT_KIND_SYSCALL,
	};

	ft_supervise_begin(s, t, regs);
	regs->rip = ft_recorder_pass(); /* which does not come back */
	regs->orig_rax = (uint64_t)-1;
	if (!ft_set_regs(t, regs)) {
		it->dying = true;
		return;
	}
	pthread_mutex_lock(&s->in->lock);
	ev.time_ns = ft_now();
	if (ev.time_ns < it->last_ns)
		ev.time_ns = it->last_ns;
	ft_record_begun(s, t, ev, s->in->payload, 0);
	pthread_mutex_unlock(&s->in->lock);
	/* In that call it would get no signal any more: nor does it on the way there. */
	ptrace(PTRACE_SETSIGMASK, t->tid, sizeof(all), &all);
	t->end_status = (int)(regs->rdi & 0xff) << 8;
	t->let_go = !ptrace(PTRACE_DETACH, t->tid, 0, 0);
}
#endif
