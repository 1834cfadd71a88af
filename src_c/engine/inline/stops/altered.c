/*
 * A call that may be altered: its task stops before it (FT_RECORDER_TRAP). If it is clear by then that it
 * goes on as it is, or with what result, that is done; else the task makes it in the recorder, without a
 * record, between two ptrace stops, as the ptrace engine would have it. And calls about signals that the engine
 * uses, and about seccomp filters, which are answered here.
 */
#if defined(__x86_64__)
#define _GNU_SOURCE
#include "engine/inline/stops/altered.h"

#include <errno.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>

#include "alter/alter.h"
#include "arch/arch.h"
#include "engine/inline/verdict.h"
#include "engine/inline/run/run.h"
#include "engine/inline/space/actions.h"
#include "engine/inline/space/leave.h"
#include "engine/inline/stops/filters.h"
#include "engine/inline/stops/normalise.h"
#include "engine/inline/stops/supervise.h"
#include "kernel/clock.h"
#include "session/engine.h"
#include "session/record.h"

#define SYSCALL_SIZE 2

bool ft_altered_elsewhere(const struct ft_inline *in, uint64_t nr)
{
	return ft_verdict_is_slow(in, nr) || nr == SYS_execve || nr == SYS_execveat;
}

/* The call is not made: the task goes on behind it. */
static void reply(struct user_regs_struct *regs, int64_t result, uint64_t ret)
{
	regs->rax = (uint64_t)result;
	regs->rip = ret;
	regs->rcx = regs->rip;
	regs->r11 = regs->eflags;
}

/* What the drainer reads and writes, too. */

/* Where the strings of the call under way are, as they are to be now. */
static uint64_t swap_strings(struct ft_session *s, struct ft_inline_task *it, uint64_t at)
{
	uint64_t was;

	pthread_mutex_lock(&s->in->lock);
	was = it->strings_at;
	it->strings_at = at;
	pthread_mutex_unlock(&s->in->lock);
	return was;
}

/* This time, but not before the end of the last record. */
static uint64_t after_last(struct ft_session *s, const struct ft_inline_task *it, uint64_t now)
{
	pthread_mutex_lock(&s->in->lock);
	if (now < it->last_ns)
		now = it->last_ns;
	pthread_mutex_unlock(&s->in->lock);
	return now;
}

static void ended_at(struct ft_session *s, struct ft_inline_task *it, uint64_t now)
{
	pthread_mutex_lock(&s->in->lock);
	it->last_ns = now;
	pthread_mutex_unlock(&s->in->lock);
}

bool ft_altered_is_ours(const struct user_regs_struct *regs)
{
	return ft_actions_is_call(regs) || ft_filters_is_call(regs);
}

bool ft_altered_make(
	struct ft_session *s, struct ft_task *t, struct user_regs_struct *regs, uint64_t ret)
{
	const uint64_t args[6] = { regs->rdi, regs->rsi, regs->rdx, regs->r10, regs->r8, regs->r9 };
	uint64_t now = after_last(s, t->in, ft_now());
	int64_t result;

	swap_strings(s, t->in, 0); /* they go with the event */
	if (ft_filters_is_call(regs) ? ft_filters_call(s, t, regs, &result)
				     : ft_actions_call(s, t, regs, &result))
		return false;
	ft_record_entry(s, t, t->tid, FT_ABI_X86_64, (uint32_t)regs->rax, args, now);
	if (s->options & FT_OPT_ENTRY_ONLY) {
		ft_record_cut(s, t);
	} else {
		now = ft_now();
		ft_record_return(s, t, result, ft_alter_is_error(result), now);
	}
	ended_at(s, t->in, now);
	reply(regs, result, ret);
	return true;
}

void ft_altered_start(
	struct ft_session *s, struct ft_task *t, struct user_regs_struct *regs, uint64_t ret)
{
	const uint64_t args[6] = { regs->rdi, regs->rsi, regs->rdx, regs->r10, regs->r8, regs->r9 };
	struct ft_inline_task *it = t->in;
	uint64_t now = after_last(s, it, ft_now());
	uint64_t strings_at = swap_strings(s, it, 0); /* they go with the event */
	uint32_t nr = (uint32_t)regs->rax;
	int64_t result;

	switch (ft_alter_foresee(s, t, FT_ABI_X86_64, nr, args, now, &result)) {
	case FT_FORESEE_REPLY:
		ended_at(s, it, now);
		reply(regs, result, ret);
		break;
	case FT_FORESEE_UNTOUCHED:
		swap_strings(s, it, strings_at);
		it->foreseen = true;
		it->foreseen_nr = nr;
		break;
	case FT_FORESEE_NOTHING:
		it->by_stops = true;
		it->before = *regs;
		it->before.rip = ft_normalise_site(it->space, ret);
		it->before.orig_rax = FT_NO_CALL;
		regs->rip = ft_recorder_pass();
	}
}

/*
 * Each call of a number that may be altered traps, so one that has not begun, beyond the trap, is that
 * which was counted last.
 */
void ft_altered_shown(struct ft_session *s, struct ft_task *t, const struct user_regs_struct *regs)
{
	struct ft_inline_task *it = t->in;
	struct user_regs_struct undone = *regs;
	struct ft_area_seen seen;
	uint64_t ret;

	if (!it->foreseen || regs->rip < ft_recorder_pass())
		return;
	ft_area_look(it, &seen);
	if (ft_recorder_undo(&undone, &seen.head, &seen.raw, &ret) != FT_NOT_BEGUN ||
		(uint32_t)undone.rax != it->foreseen_nr)
		return;
	it->foreseen = false;
	ft_alter_unforesee(s, t, FT_ABI_X86_64, it->foreseen_nr);
}

static bool is_in_call(const struct user_regs_struct *regs)
{
	return regs->rip == ft_recorder_pass() + SYSCALL_SIZE;
}

void ft_altered_show_registers(struct ft_session *s, struct ft_task *t, struct ft_registers *r)
{
	struct user_regs_struct regs;
	uint64_t ret;

	(void)s;
	memcpy(&regs, r->value, sizeof(regs));
	if (!t->in || !t->in->area || !is_in_call(&regs))
		return;
	ret = ft_area_get(&t->in->area->ret);
	regs.rip = ft_normalise_site(t->in->space, ret) + SYSCALL_SIZE;
	regs.rcx = regs.rip;
	memcpy(r->value, &regs, sizeof(regs));
}

void ft_altered_hide_registers(struct ft_session *s, struct ft_task *t, struct ft_registers *r)
{
	struct user_regs_struct regs, now;
	struct ft_inline_task *it = t->in;
	uint64_t ret;

	(void)s;
	if (!it || !it->area || ptrace(PTRACE_GETREGS, t->tid, 0, &now) < 0 || !is_in_call(&now))
		return;
	memcpy(&regs, r->value, sizeof(regs));
	ret = ft_area_get(&it->area->ret);
	if (regs.rip != ft_normalise_site(it->space, ret) + SYSCALL_SIZE)
		ft_area_set(&it->area->ret, regs.rip);
	regs.rip = now.rip;
	regs.rcx = now.rcx;
	memcpy(r->value, &regs, sizeof(regs));
}

/* The call that is made instead may be one that cannot be made here: it is put off to the exit stop. */
static void check_other(struct ft_session *s, struct ft_task *t)
{
	struct ft_inline_task *it = t->in;
	struct ft_registers changed = { 0 }, place = { 0 };
	struct user_regs_struct regs, before = it->before;

	if (ptrace(PTRACE_GETREGS, t->tid, 0, &regs) < 0)
		return;
	it->sets_mask = (uint32_t)regs.orig_rax == SYS_rt_sigprocmask;
	if (!t->alteration.other)
		return;
	regs.rax = regs.orig_rax;
	if (!ft_altered_elsewhere(s->in, (uint32_t)regs.rax) &&
		ft_supervise_call(s, t, &regs, ft_area_get(&it->area->ret)) == FT_FALLBACK_NONE)
		return;
	before.rip += SYSCALL_SIZE;
	regs.rip = before.rip;
	memcpy(place.value, &before, sizeof(before));
	memcpy(changed.value, &regs, sizeof(regs));
	ft_alter_keep(t, &place, &changed);
	it->rewinds = true;
	ft_arch_set_number(t->tid, FT_NO_CALL);
}

/* Nothing has happened yet: the task leaves, and makes its call anew for the ptrace engine. */
static void rewind_call(struct ft_session *s, struct ft_task *t)
{
	struct ft_inline_task *it = t->in;

	t->in_call = FT_CALL_NONE;
	it->by_stops = it->rewinds = false;
	ft_set_regs(t, &it->before);
	ft_leave(s, t, FT_FALLBACK_ALTERED);
}

static void on_returned(struct ft_session *s, struct ft_task *t, uint64_t now)
{
	struct ft_inline_task *it = t->in;
	struct user_regs_struct regs;
	uint64_t mask;
	int64_t ret;

	ended_at(s, it, now);
	if (it->sets_mask)
		ft_area_note_mask(t, &mask);
	if (ptrace(PTRACE_GETREGS, t->tid, 0, &regs) < 0)
		return;
	ret = (int64_t)regs.rax;
	/* Perhaps it is made again, by the kernel or by us, from where it was made. */
	it->by_stops = (int64_t)regs.orig_rax >= 0 &&
		       ((ret <= -FT_ERESTARTSYS && ret >= -FT_ERESTART_RESTARTBLOCK) ||
			       (ret == -EINTR && t->interrupting));
}

int ft_altered_stop(struct ft_session *s, struct ft_task *t, const struct ft_stop *stop)
{
	struct ft_inline_task *it = t->in;
	bool entry = t->in_call == FT_CALL_NONE;
	struct ft_stop at = *stop;

	if (it->rewinds) {
		rewind_call(s, t);
		return 1;
	}
	at.time_ns = after_last(s, it, at.time_ns);
	if (!ft_engine_ptrace.call_stop(s, t, &at))
		return 0;
	if (!entry) {
		on_returned(s, t, at.time_ns);
		return 1;
	}
	check_other(s, t);
	if (s->options & FT_OPT_ENTRY_ONLY && !it->rewinds)
		ft_record_cut(s, t);
	if (t->in_call == FT_CALL_NONE)
		t->in_call = FT_CALL_SKIPPED;
	return 1;
}
#endif
