/* Stops that the engine itself has caused: at new sites, in the recorder, at a full area. */
#if defined(__x86_64__)
#define _GNU_SOURCE
#include "engine/inline/stops/traps.h"

#include <errno.h>
#include <signal.h>
#include <linux/audit.h>
#include <sys/ptrace.h>
#include <unistd.h>
#include <linux/ptrace.h>
#include <sys/syscall.h>

#include "alter/plan.h"
#include "engine/inline/mem.h"
#include "engine/inline/dispatch.h"
#include "engine/inline/drain/drain.h"
#include "engine/inline/drain/drainer.h"
#include "engine/inline/patch/patch.h"
#include "engine/inline/patch/undo.h"
#include "engine/inline/run/run.h"
#include "engine/inline/space/actions.h"
#include "engine/inline/space/leave.h"
#include "engine/inline/space/prepare.h"
#include "engine/inline/stops/altered.h"
#include "engine/inline/stops/attach.h"
#include "engine/inline/stops/captured.h"
#include "engine/inline/stops/filters.h"
#include "engine/inline/stops/normalise.h"
#include "engine/inline/stops/refused.h"
#include "engine/inline/stops/supervise.h"
#include "engine/inline/stops/threads.h"
#include "kernel/pending.h"
#include "kernel/reader.h"
#include "session/engine.h"

#define SYSCALL_SIZE 2

static uint64_t bit(int sig)
{
	return 1ull << (sig - 1);
}

/* Where a task goes on behind the call that it stopped at. */
static uint64_t way_back(const struct ft_space *sp, uint64_t address)
{
	const struct ft_site *site = ft_sites_find(&sp->sites, address);

	if (site && site->patched && site->patch.kind == FT_PATCH_MOVED)
		return site->springboard + site->tail;
	return address + 2;
}

/*
 * The kernel unblocked the signal that it forced upon the task, and reset its handler, if it was blocked
 * (kernel/signal.c, force_sig_info_to_task()). Whether it was we know but in a signal handler. There it was if that is
 * its own, or if the other of the two that a program seldom tells apart is.
 */
static void restore_signal(struct ft_session *s, struct ft_task *t, int sig)
{
	struct ft_inline_task *it = t->in;
	uint64_t other = bit(sig == SIGSYS ? SIGTRAP : SIGSYS), now;
	uint64_t known = ft_area_get(&it->area->mask);
	bool certain, blocked = known & bit(sig), handled = ft_actions_handles(t, sig),
		      reset = blocked;

	ft_captured_settle(it, 0); /* no trap is where that is not certain */
	certain = !it->signals;
	if (it->signals && known == it->signal_mask && !blocked) {
		if (ptrace(PTRACE_GETSIGMASK, t->tid, sizeof(now), &now) < 0)
			return;
		reset = handled &&
			ft_actions_is_reset(t, sig); /* by another thread's trap, perhaps */
		blocked = now & other && ft_prepare_in_handler(t);
		blocked |= reset && it->signals & bit(sig);
	}
	now = known;
	if (blocked && (certain || ptrace(PTRACE_GETSIGMASK, t->tid, sizeof(now), &now) == 0)) {
		now |= bit(sig);
		ptrace(PTRACE_SETSIGMASK, t->tid, sizeof(now), &now);
	}
	if (handled && reset)
		ft_actions_restore(s, t, sig);
}

static void let_run(struct ft_session *s, struct ft_task *t, struct user_regs_struct *regs)
{
	regs->orig_rax = -1; /* the trap is no call to restart */
	if (!ft_set_regs(t, regs)) {
		t->in->dying = true; /* as it was */
		return;
	}
	s->engine->resume(s, t, 0);
}

/* The process goes over to the ptrace engine, this task now and from this place on. */
static void leave_at(struct ft_session *s, struct ft_task *t, struct user_regs_struct *regs,
	uint64_t address, enum ft_fallback why)
{
	regs->rip = address;
	regs->orig_rax = -1;
	if (!t->in->space->spoiled && ft_threads_are_awaited(s, t)) {
		let_run(s, t, regs); /* it comes here again */
		return;
	}
	ft_set_regs(t, regs);
	ft_leave(s, t, why);
	s->engine->resume(s, t, 0);
}

/* A call that the tracer was asked about goes on: recorded, passed, or seen by the ptrace engine. */
static void go_on(
	struct ft_session *s, struct ft_task *t, struct user_regs_struct *regs, uint64_t ret)
{
	struct ft_inline_task *it = t->in;
	bool altered = ft_plan_has(s->plan, FT_ABI_X86_64, (uint32_t)regs->rax);
	enum ft_fallback why = FT_FALLBACK_ALTERED;

	/* One that is on its way has what its process has, or not: it must be known first. */
	if ((it->space->leaving || ft_filters_is_call(regs)) && ft_threads_are_awaited(s, t)) {
		regs->rip = ft_normalise_site(it->space, ret);
		let_run(s, t, regs); /* it comes here again */
		return;
	}
	t->place = ft_normalise_site(it->space, ret) + SYSCALL_SIZE;
	if (!altered || !ft_altered_elsewhere(s->in, (uint32_t)regs->rax)) {
		ft_supervise_begin(s, t, regs);
		if (!altered && ft_altered_is_ours(regs) && ft_altered_make(s, t, regs, ret)) {
			let_run(s, t, regs);
			return;
		}
		why = ft_supervise_call(s, t, regs, ret);
	}
	if (why == FT_FALLBACK_NONE && it->space->spoiled)
		why = FT_FALLBACK_SPOILED;
	if (why != FT_FALLBACK_NONE || it->space->leaving) {
		leave_at(s, t, regs, ft_normalise_site(it->space, ret), why);
		return;
	}
	ft_area_set(&it->area->ret, ret);
	it->foreseen = false;
	regs->rip = ft_supervise_records(s, regs->rax) ? ft_captured_way(s, t, regs)
						       : ft_recorder_pass();
	if (altered)
		ft_altered_start(s, t, regs, ret);
	let_run(s, t, regs);
}

static void on_dispatch(struct ft_session *s, struct ft_task *t, bool is_64_bit)
{
	struct user_regs_struct regs;
	uint64_t address;
	bool ends;
	int rc = 0;

	if (ptrace(PTRACE_GETREGS, t->tid, 0, &regs) < 0)
		return;
	ends = is_64_bit && ft_threads_can_end(s, t, &regs);
	/* The mask is about to be another one anyway. */
	if (!is_64_bit || ft_actions_handles(t, SIGSYS) ||
		((uint32_t)regs.rax != SYS_rt_sigreturn && !ends))
		restore_signal(s, t, SIGSYS);
	address = regs.rip - 2;
	if (!is_64_bit) {
		leave_at(s, t, &regs, address, FT_FALLBACK_ABI);
		return;
	}
	if (!t->in->space->leaving && ft_attach_is_complete(s, t->in->space))
		rc = ft_patch_learn(s, t, address, (uint32_t)regs.rax);
	if (rc == -ESRCH)
		return;
	if (ends) {
		ft_threads_end(s, t, &regs);
		return;
	}
	go_on(s, t, &regs, way_back(t->in->space, address));
}

/* No block was free: on with the first that is, and only then take what is in the others. */
static void on_full(struct ft_session *s, struct ft_task *t)
{
	restore_signal(s, t, SIGTRAP);
	pthread_mutex_lock(&s->in->lock);
	ft_drain_next_block(s, t->in);
	s->engine->resume(s, t, 0);
	ft_drain(s, t->in);
	ft_drainer_start(s, true);
	pthread_mutex_unlock(&s->in->lock);
}

/* Behind a call: what it has written is copied, before it is recorded. */
static void on_exit(struct ft_session *s, struct ft_task *t)
{
	struct ft_area_seen seen;

	restore_signal(s, t, SIGTRAP);
	pthread_mutex_lock(&s->in->lock);
	ft_area_look(t->in, &seen);
	ft_captured_after(s, t, &seen, seen.raw.ret);
	pthread_mutex_unlock(&s->in->lock);
	s->engine->resume(s, t, 0);
}

/* rt_sigreturn has come back: seccomp has answered it, and it is a call like any other. */
static void on_refused_return(
	struct ft_session *s, struct ft_task *t, struct user_regs_struct *regs)
{
	uint64_t mask;

	ft_area_note_mask(t, &mask);
	pthread_mutex_lock(&s->in->lock);
	ft_captured_settle(t->in, regs->rip);
	ft_normalise(s, t, regs);
	pthread_mutex_unlock(&s->in->lock);
	let_run(s, t, regs);
}

static bool on_trap(struct ft_session *s, struct ft_task *t)
{
	struct user_regs_struct regs;
	uint64_t to;

	if (ptrace(PTRACE_GETREGS, t->tid, 0, &regs) < 0)
		return false;
	switch (ft_recorder_trap_at(regs.rip)) {
	case FT_TRAP_VERDICT:
		restore_signal(s, t, SIGTRAP);
		go_on(s, t, &regs, ft_area_get(&t->in->area->ret));
		return true;
	case FT_TRAP_FULL:
		on_full(s, t);
		return true;
	case FT_TRAP_GS:
		restore_signal(s, t, SIGTRAP);
		leave_at(s, t, &regs, ft_normalise_site(t->in->space, regs.r11), FT_FALLBACK_GS);
		return true;
	case FT_TRAP_EXIT:
		on_exit(s, t);
		return true;
	case FT_TRAP_REFUSED:
		on_refused_return(s, t, &regs);
		return true;
	case FT_TRAP_NONE:
		break;
	}
	if (!ft_patch_rewind(t->in->space, regs.rip, &to))
		return false;
	restore_signal(s, t, SIGTRAP);
	regs.rip = to;
	let_run(s, t, &regs);
	return true;
}

/*
 * A fault's registers hold no call (arch/x86/entry: orig_rax is -1). Where they do the program has sent itself a
 * siginfo like that of a fault, as who hands one on to an earlier handler does: rt_tgsigqueueinfo(2).
 */
static bool is_sent_by_call(const struct user_regs_struct *regs)
{
	return (int64_t)regs->orig_rax >= 0;
}

/* An argument points where nothing can be read: the call will fail, or does not look there. */
static bool on_capture_fault(
	struct ft_session *s, struct ft_task *t, int sig, struct user_regs_struct *regs)
{
	uint64_t on;

	if (!ft_recorder_fault(regs->rip, &on))
		return false;
	restore_signal(s, t, sig);
	regs->rip = on;
	let_run(s, t, regs);
	return true;
}

/* A fault in code of ours: the program has taken memory away that we had placed there. */
static bool on_fault_of_ours(struct ft_session *s, struct ft_task *t, struct user_regs_struct *regs)
{
	bool ours;

	pthread_mutex_lock(&s->in->lock);
	ours = ft_normalise(s, t, regs);
	pthread_mutex_unlock(&s->in->lock);
	if (!ours)
		return false;
	t->in->space->spoiled = true;
	leave_at(s, t, regs, regs->rip, FT_FALLBACK_SPOILED);
	return true;
}

/*
 * A signal that was blocked and waits for the task already is not queued once more for a trap
 * (kernel/signal.c, legacy_queue()): it comes in the trap's place, and must wait again. A call of an armed
 * task outside the recorder is never made, so where one was begun it trapped.
 */
static bool hides_trap(struct ft_session *s, const struct ft_task *t, int sig)
{
	struct user_regs_struct regs;
	uint8_t insn[2];
	uint64_t to;

	if (!(ft_area_get(&t->in->area->mask) & bit(sig)) ||
		ptrace(PTRACE_GETREGS, t->tid, 0, &regs) < 0)
		return false;
	if (sig == SIGTRAP)
		return ft_recorder_trap_at(regs.rip) != FT_TRAP_NONE ||
		       ft_patch_rewind(t->in->space, regs.rip, &to);
	return (int64_t)regs.orig_rax >= 0 && regs.rip - FT_RECORDER_BASE >= FT_RECORDER_CODE &&
	       ft_reader_read(s->reader, t->in->space->pid, ft_mem_of(t->in->space), regs.rip - 2,
		       insn, 2) == 2 &&
	       insn[0] == 0x0f && insn[1] == 0x05;
}

/* One that was to be sent comes from the kernel, and where the call was made: in the recorder. */
static bool is_sent(struct ft_task *t, int sig)
{
	uint64_t bit = 1ull << (sig - 1);
	bool sent = t->sent & bit;

	t->sent &= ~bit;
	return sent;
}

static bool is_ours(const struct ft_space *sp, uint64_t ip)
{
	return ip - FT_RECORDER_BASE < FT_RECORDER_CODE || ft_patch_of_springboard(sp, ip) ||
	       ft_patch_of_padding(sp, ip);
}

/* SIGSEGV or SIGBUS. Programs that live by them fault in code of their own, which the registers alone tell. */
static bool on_fault(struct ft_session *s, struct ft_task *t, int sig)
{
	struct ft_inline_task *it = t->in;
	struct user_regs_struct regs;
	siginfo_t info;

	if (ptrace(PTRACE_GETREGS, t->tid, 0, &regs) < 0)
		return true; /* killed meanwhile */
	if (!(t->sent & bit(sig)) && (!is_ours(it->space, regs.rip) || is_sent_by_call(&regs))) {
		it->regs = regs;
		it->knows_regs = true;
		return false;
	}
	if (ptrace(PTRACE_GETSIGINFO, t->tid, 0, &info) < 0)
		return true;
	if (info.si_code <= 0)
		return false;
	if (!is_sent_by_call(&regs) && on_capture_fault(s, t, sig, &regs))
		return true;
	if (info.si_code == SI_KERNEL && is_sent(t, sig))
		return false;
	return !is_sent_by_call(&regs) && on_fault_of_ours(s, t, &regs);
}

/*
 * It looks like a fault, is blocked, and comes before a trap all the same: see ft_pending_comes_first(). If the task goes
 * on with it, it is queued again, behind that: ptrace_signal().
 */
static bool is_before_trap(const struct ft_task *t, int sig)
{
	return ft_pending_may_be_fault(sig) && ft_area_get(&t->in->area->mask) & bit(sig) &&
	       ft_pending_comes_first(t->tid);
}

/* Seccomp's, for a call that the program has made: perhaps from the recorder, even where it records no more. */
static void on_refused(struct ft_session *s, struct ft_task *t, siginfo_t *info)
{
	struct user_regs_struct regs;

	if (t->in && t->in->area && !ptrace(PTRACE_GETREGS, t->tid, 0, &regs)) {
		pthread_mutex_lock(&s->in->lock);
		if (!ft_refused_sigreturn(t, &regs))
			ft_drain_sigreturn(s, t->in);
		if (ft_normalise(s, t, &regs))
			ft_set_regs(t, &regs);
		pthread_mutex_unlock(&s->in->lock);
	}
	ft_refused_mend(t, info);
}

bool ft_inline_signal(struct ft_session *s, struct ft_task *t, const struct ft_stop *stop)
{
	bool records = t->in && t->in->area;
	siginfo_t info;

	if (records && is_before_trap(t, stop->sig)) {
		s->engine->resume(s, t, stop->sig);
		return true;
	}
	if (stop->sig == SIGSEGV || stop->sig == SIGBUS)
		return records && on_fault(s, t, stop->sig);
	if (stop->sig != SIGSYS && !(records && stop->sig == SIGTRAP))
		return false;
	if (ptrace(PTRACE_GETSIGINFO, t->tid, 0, &info) < 0)
		return records; /* killed meanwhile */
	if (ft_pending_is_refusal(&info))
		on_refused(s, t, &info);
	if (!records)
		return false;
	if (info.si_code <= 0) {
		if (t->held_signal || !hides_trap(s, t, stop->sig))
			return false;
		t->held_signal = stop->sig;
		t->held_info = info;
		info.si_code = stop->sig == SIGSYS ? FT_SYS_USER_DISPATCH : SI_KERNEL;
		info.si_arch = AUDIT_ARCH_X86_64;
	}
	if (stop->sig == SIGTRAP)
		return info.si_code == SI_KERNEL && on_trap(s, t);
	if (info.si_code != FT_SYS_USER_DISPATCH)
		return false;
	on_dispatch(s, t, info.si_arch == AUDIT_ARCH_X86_64);
	return true;
}
#endif
