#if defined(__x86_64__)
#define _GNU_SOURCE
#include "engine/inline/stops/threads.h"

#include <errno.h>
#include <sched.h>
#include <signal.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>

#include "alter/plan.h"
#include "engine/inline/dispatch.h"
#include "engine/inline/run/run.h"
#include "engine/inline/space/actions.h"
#include "engine/inline/space/memory.h"
#include "engine/inline/space/prepare.h"
#include "engine/inline/space/unmap.h"
#include "engine/inline/stops/births.h"
#include "engine/inline/stops/supervise.h"
#include "kernel/clock.h"
#include "kernel/proc.h"
#include "session/adopt.h"
#include "session/python.h"
#include "session/record.h"

/* What glibc, musl and Go have in common. */
#define FLAGS (CLONE_VM | CLONE_FS | CLONE_FILES | CLONE_SIGHAND | CLONE_SYSVSEM | CLONE_THREAD)

void ft_threads_allow(struct ft_session *s, struct ft_task *t, uint32_t nr)
{
	const struct ft_task *leader = ft_task_find(&s->tasks, t->tgid);
	struct ft_inline_task *it = t->in;
	struct ft_space *sp = it->space;
	bool expects = sp->chunks[it->chunk].expects >> it->slot & 1;

	/* The leader's end is told after that of all others: until then their space is there. */
	if (it->makes_threads || expects || t->filters || sp->partial || sp->leaving ||
		sp->pid != t->tgid || !leader || !leader->in || leader->in->space != sp ||
		(nr == SYS_clone ? s->in->clone_beside_threads
				 : s->in->image[FT_RECORDER_CODE + nr]) != FT_RECORDER_BIRTH)
		return;
	pthread_mutex_lock(&s->in->lock);
	sp->makes_threads |= ft_area_allow_birth(it);
	pthread_mutex_unlock(&s->in->lock);
	s->in->makes_threads |= sp->makes_threads;
}

/* A birth, and what is known of where it was. */
struct birth {
	struct ft_space *space;
	struct ft_birth words;
	struct ft_task *maker; /* or another of its process, where it has ended */
	pid_t maker_tid;
};

/* Of the area at an address whose task has ended before its child came: whether it did. */
static bool take_expected(struct ft_space *sp, uint64_t base, struct ft_birth *out)
{
	uint64_t at = base - FT_MEMORY_BASE, i = at / FT_CHUNK;
	uint16_t bit = (uint16_t)(1u << at % FT_CHUNK / FT_AREA_STEP);

	if (base < FT_MEMORY_BASE || i >= (uint64_t)sp->chunk_count || at % FT_AREA_STEP ||
		!(sp->chunks[i].expects & bit))
		return false;
	sp->chunks[i].expects &= (uint16_t)~bit;
	ft_area_copy(out, ft_area_birth(sp->chunks[i].map + at % FT_CHUNK), sizeof(*out));
	return true;
}

/* By the address of its maker's area, which it has for gs. */
static bool find_birth(struct ft_session *s, pid_t tid, uint64_t base, struct birth *out)
{
	for (struct ft_inline_task *it = s->in->tasks; it; it = it->next) {
		if (it->base != base || !it->makes_threads ||
			!ft_adopt_is_member(it->task->tgid, tid))
			continue;
		ft_area_copy(&out->words, ft_area_birth(it->area), sizeof(out->words));
		ft_area_next_birth(ft_area_birth(it->area), base);
		out->space = it->space;
		out->maker = it->task;
		out->maker_tid = it->task->tid;
		return true;
	}
	for (struct ft_inline_task *it = s->in->tasks; it; it = it->next) {
		if (!it->space->makes_threads || it->space->pid != it->task->tgid ||
			!ft_adopt_is_member(it->task->tgid, tid) ||
			!take_expected(it->space, base, &out->words))
			continue;
		out->space = it->space;
		out->maker = it->task;
		out->maker_tid = (pid_t)out->words.maker;
		return true;
	}
	return false;
}

struct ft_task *ft_threads_untold(struct ft_session *s, const struct ft_stop *stop)
{
	struct user_regs_struct regs;
	struct ft_inline_task *it;
	struct birth birth;
	struct ft_task *t;

	if (!s->in->makes_threads || ptrace(PTRACE_GETREGS, stop->tid, 0, &regs) < 0 ||
		!ft_recorder_is_born(regs.rip) || regs.rax ||
		!find_birth(s, stop->tid, regs.gs_base, &birth))
		return NULL;
	t = ft_adopt_known(s, stop->tid, birth.maker->tgid, birth.maker->tgid, stop->time_ns);
	it = t ? ft_prepare_new(t, birth.space) : NULL;
	if (!it) {
		ft_session_fail(s, -ENOMEM);
		kill(birth.maker->tgid, SIGKILL); /* it cannot run without one */
		return NULL;
	}
	ft_inline_inherit(t, birth.maker);
	it->birth_flags = FLAGS;
	ft_actions_inherit(t, birth.maker, FLAGS);
	it->birth_ret = birth.words.ret;
	regs.rdi = birth.words.first;
	it->regs = regs;
	it->knows_regs = true;
	ft_python_inherit(t, birth.maker);
	ft_record_birth(s, t, t->tgid, birth.maker_tid, FT_FORK_CLONE, stop->time_ns);
	return t;
}

/* Whether some task says so, or has said so before it ended. */
static bool may_be_awaited(const struct ft_session *s, const struct ft_space *sp)
{
	for (const struct ft_inline_task *it = s->in->tasks; it; it = it->next)
		if (it->space == sp && it->makes_threads &&
			ft_area_expects_birth(ft_area_birth(it->area)))
			return true;
	for (int i = 0; i < sp->chunk_count; i++)
		if (sp->chunks[i].expects)
			return true;
	return false;
}

/* What tasks say is not to be trusted: whether we trace one that we do not know is the kernel's word. */
static bool is_unknown(pid_t tid, void *session)
{
	struct ft_session *s = session;
	char status[4096];

	return !ft_task_find(&s->tasks, tid) &&
	       ft_proc_text(tid, "status", status, sizeof(status)) > 0 &&
	       ft_proc_status_field(status, "TracerPid") > 0;
}

bool ft_threads_are_awaited(struct ft_session *s, struct ft_task *t)
{
	const struct ft_space *sp = t->in ? t->in->space : NULL;

	return sp && sp->makes_threads && may_be_awaited(s, sp) &&
	       ft_proc_has_thread(t->tgid, is_unknown, s);
}

bool ft_threads_can_end(
	const struct ft_session *s, struct ft_task *t, const struct user_regs_struct *regs)
{
	const struct ft_space *sp = t->in->space;

	/* A filter of its own may answer, where that is nobody's any more. */
	return (uint32_t)regs->rax == SYS_exit && t->tid != t->tgid && !t->filters &&
	       !s->in->arms_inside && !t->attached && !t->asked && !t->held_signal &&
	       !s->detaching && !sp->leaving && !sp->spoiled && !s->python_frames &&
	       !(s->options & FT_OPT_PLACES) && !ft_plan_has(s->plan, FT_ABI_X86_64, SYS_exit) &&
	       ft_unmap_vdso_call(t->in->space);
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
	/* When it runs on, or goes on from a stop, what is ours may be gone from its memory, and its area another's. */
	regs->rip = ft_unmap_vdso_call(it->space);
	regs->orig_rax = (uint64_t)-1;
	if (!ft_set_regs(t, regs) || ft_dispatch_disarm(t->tid) < 0) {
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
