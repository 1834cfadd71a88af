#if defined(__x86_64__)
#define _GNU_SOURCE
#include "engine/inline/run/run.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <linux/ptrace.h>
#include <unistd.h>

#include "arch/x86_64/regs.h"
#include "engine/inline/permits.h"
#include "engine/inline/run/held.h"
#include "engine/inline/run/made.h"
#include "engine/inline/run/snippet.h"
#include "kernel/pending.h"
#include "session/engine.h"
#include "session/waiting.h"

#define INT3 0xcc
#define PAGE 4096

bool ft_set_regs(const struct ft_task *t, struct user_regs_struct *regs)
{
	return !ft_task_replaced(t) && !ft_regs_set(t->tid, regs);
}

static bool is_trap(const siginfo_t *info)
{
	return info->si_signo == SIGTRAP && info->si_code > 0;
}

/*
 * Our int3 or single step, or a fault in code of ours. Not what had happened before, or claims so, and was blocked: that
 * comes first and our trap behind it (kernel/signal.c, dequeue_synchronous_signal()).
 */
static bool is_trap_of_ours(const struct ft_task *t, const struct ft_stop *stop)
{
	siginfo_t info;

	if (ptrace(PTRACE_GETSIGINFO, t->tid, 0, &info) < 0)
		return true; /* killed meanwhile */
	return info.si_code > 0 && stop->sig != SIGSTOP &&
	       (stop->sig == SIGTRAP || !ft_pending(t->tid, is_trap));
}

/* All but the one that our int3 raises: blocked, it would lose its handler. */
static bool block_signals(const struct ft_task *t)
{
	const uint64_t ours = ~(1ull << (SIGTRAP - 1));

	return !ptrace(PTRACE_SETSIGMASK, t->tid, sizeof(ours), &ours);
}

/*
 * It spins or sleeps in code of ours. A program that was spawned is of no use any more: its memory or registers are
 * not its own. One that was attached to is stopped where it is, if it can be. -ESRCH: it is none of the caller's
 * business any more; -EAGAIN: it is, at the stop that comes now.
 */
static int give_up(struct ft_session *s, struct ft_task *t, bool again)
{
	if (t->in && t->in->space)
		t->in->space->spoiled = true;
	if (s->spawned)
		return -ESRCH; /* it is killed by now */
	if (again)
		return -ETIMEDOUT;
	ptrace(PTRACE_INTERRUPT, t->tid, 0, 0);
	return -EAGAIN;
}

/* Behind one of the int3 by which a snippet ends, which nobody else comes to. */
static bool is_at_end(const struct ft_snippet *c, uint64_t ip)
{
	uint64_t at = ip - 1 - c->address;

	return at >= c->entry && at < c->len && c->code[at] == INT3;
}

/* It stopped, and was killed before its registers could be read: rip tells that nobody knows how far it came. */
static int killed_at_end(struct user_regs_struct *regs)
{
	regs->rip = 0;
	return -ESRCH;
}

/*
 * Runs the task until it traps. SIGSTOP cannot be kept from coming; it is delivered later. Our own
 * interrupt, and a group-stop of the other threads, may fall in here too: they are asked for again.
 * -ESRCH: it has gone, or is about to: the main loop will hear of it. -EINTR: it had to be stopped; -ETIMEDOUT: nor
 * could it be. blocks: whether its signals are blocked, which they are from the first on. c: the snippet that it runs, or
 * NULL; at its end its registers are read.
 */
static int run_to_trap(struct ft_session *s, struct ft_task *t, int request,
	const struct ft_snippet *c, struct user_regs_struct *regs, bool *blocks)
{
	bool again = false, given_up = false;
	int sig = 0;

	for (;;) {
		struct ft_stop stop;
		int rc;

		if (ft_task_replaced(t) || ptrace(request, t->tid, 0, (void *)(long)sig) < 0)
			return -ESRCH;
		sig = 0;
		do {
			rc = ft_waiting_for(s, t->tid, &stop);
			if (rc == -ETIMEDOUT)
				rc = give_up(s, t, given_up);
			given_up |= rc == -EAGAIN;
		} while (rc == -EAGAIN);
		if (rc < 0)
			return rc;
		switch (stop.kind) {
		case FT_STOPPED_EXITING:
			ptrace(PTRACE_GETREGS, t->tid, 0, regs); /* how far it came */
			/* fall through */
		case FT_STOPPED_EXITED:
		case FT_STOPPED_EXEC: /* of another thread that has taken its tid over */
			rc = ft_stops_put_back(&s->stops, &stop);
			return rc ? rc : -ESRCH;
		case FT_STOPPED_SIGNAL:
			s->stops_seen++;
			if (c && ptrace(PTRACE_GETREGS, t->tid, 0, regs) < 0)
				return killed_at_end(regs);
			if (!(c && stop.sig == SIGTRAP && is_at_end(c, regs->rip)) &&
				!is_trap_of_ours(t, &stop)) {
				*blocks = *blocks || block_signals(t);
				sig = ft_held_keep(t, &stop);
				if (given_up)
					return -EINTR;
				continue;
			}
			if (again)
				ptrace(PTRACE_INTERRUPT, t->tid, 0, 0);
			return stop.sig == SIGTRAP ? 0 : -EFAULT;
		case FT_STOPPED_SYSCALL:
			s->stops_seen++;
			if (again)
				ptrace(PTRACE_INTERRUPT, t->tid, 0, 0);
			return request == PTRACE_SYSCALL ? 0 : -EFAULT;
		case FT_STOPPED_TRAP:
		case FT_STOPPED_GROUP:
			s->stops_seen++;
			if (given_up)
				return -EINTR;
			again = true;
			continue;
		default:
			return -EFAULT;
		}
	}
}

/* Where a task was before it was made to run what it does not come back from. */
struct ft_abandoned {
	struct user_regs_struct regs;
	uint64_t mask;
};

static int abandon(
	struct ft_session *s, struct ft_task *t, const struct user_regs_struct *regs, uint64_t mask)
{
	t->abandoned = malloc(sizeof(*t->abandoned));
	if (t->abandoned)
		*t->abandoned = (struct ft_abandoned){ *regs, mask };
	ft_session_fail(s, -ETIMEDOUT);
	return -ESRCH;
}

bool ft_run_take_back(struct ft_task *t, const struct ft_stop *stop)
{
	struct ft_abandoned back = *t->abandoned;
	bool ours = stop->kind == FT_STOPPED_TRAP ||
		    (stop->kind == FT_STOPPED_SIGNAL && is_trap_of_ours(t, stop));

	free(t->abandoned);
	t->abandoned = NULL;
	if (stop->kind == FT_STOPPED_EXITED || stop->kind == FT_STOPPED_EXITING ||
		stop->kind == FT_STOPPED_EXEC)
		return false;
	if (ft_set_regs(t, &back.regs))
		ptrace(PTRACE_SETSIGMASK, t->tid, sizeof(back.mask), &back.mask);
	return ours;
}

static bool look(const struct ft_task *t, struct ft_standing *state)
{
	if (!state->knows_mask &&
		ptrace(PTRACE_GETSIGMASK, t->tid, sizeof(state->mask), &state->mask) < 0)
		return false;
	state->knows_mask = true;
	return true;
}

/* From a stopped task's state to the next trap; rax then is the result. */
static int run_from(struct ft_session *s, struct ft_task *t, int request,
	const struct ft_snippet *c, struct user_regs_struct *regs, struct ft_standing *state,
	int64_t *result)
{
	const struct user_regs_struct *saved = &state->regs;
	bool blocks;
	int rc;

	if (!look(t, state))
		return -ESRCH;
	blocks = !state->is_new || state->mask & 1ull << (SIGTRAP - 1);
	if (blocks && !block_signals(t))
		return -ESRCH;
	regs->orig_rax = -1; /* nothing to restart */
	regs->cs = saved->cs;
	regs->ss = saved->ss;
	regs->fs_base = saved->fs_base;
	regs->gs_base = saved->gs_base;
	regs->ds = saved->ds;
	regs->es = saved->es;
	regs->fs = saved->fs;
	regs->gs = saved->gs;
	regs->rsp = saved->rsp;
	regs->eflags = 0x202;
	if (!ft_set_regs(t, regs))
		return -ESRCH;
	rc = run_to_trap(s, t, request, c, regs, &blocks);
	if (!rc && request == PTRACE_SYSCALL) /* that was the call's entry */
		rc = run_to_trap(s, t, request, c, regs, &blocks);
	if (rc == -ETIMEDOUT)
		return abandon(s, t, saved, state->mask);
	if (rc == -ESRCH)
		return rc;
	if (!(c && !rc) && ptrace(PTRACE_GETREGS, t->tid, 0, regs) < 0)
		return rc ? -ESRCH : killed_at_end(regs);
	*result = (int64_t)regs->rax;
	if (ft_task_replaced(t) || (blocks && ptrace(PTRACE_SETSIGMASK, t->tid, sizeof(state->mask),
						      &state->mask) < 0))
		return -ESRCH;
	return rc;
}

/*
 * It stands before a signal that is about to come; by what it is made to run it comes to another stop, and the kernel
 * would take the signal for one that we have made up (kernel/signal.c, ptrace_signal()).
 */
static bool is_before_signal(const siginfo_t *info)
{
	const int event = 0x100; /* and above: with its number, ptrace_notify() */

	return info->si_code <= 0 || (info->si_signo != SIGTRAP && info->si_code < event);
}

/* And back. */
static int run_at(struct ft_session *s, struct ft_task *t, int request, const struct ft_snippet *c,
	struct user_regs_struct *regs, int64_t *result)
{
	struct ft_standing state = { .knows_mask = false };
	siginfo_t signal;
	bool before_signal =
		!ptrace(PTRACE_GETSIGINFO, t->tid, 0, &signal) && is_before_signal(&signal);
	int rc;

	if (ptrace(PTRACE_GETREGS, t->tid, 0, &state.regs) < 0)
		return -ESRCH;
	rc = run_from(s, t, request, c, regs, &state, result);
	if (rc == -ESRCH)
		return rc;
	if (!ft_set_regs(t, &state.regs))
		return -ESRCH;
	if (before_signal && !ft_task_replaced(t))
		ptrace(PTRACE_SETSIGINFO, t->tid, 0, &signal);
	return rc;
}

int ft_run_snippet(struct ft_session *s, struct ft_task *t, int memory, struct ft_snippet *c,
	struct ft_standing *state)
{
	uint8_t saved[sizeof(c->code)];
	struct user_regs_struct regs = { 0 };
	int64_t result = 0;
	int rc;

	c->done = 0;
	if (!c->is_there)
		ft_snippet_end(c);
	if (c->len > sizeof(c->code))
		return -E2BIG;
	for (int i = 0; i < c->wants; i++)
		if (!ft_permits(t, c->wanted[i].nr, c->wanted[i].args, c->wanted[i].unknown))
			return -EPERM;
	if (!c->stays && pread(memory, saved, c->len, (off_t)c->address) != (ssize_t)c->len)
		return -EFAULT;
	if (!c->is_there && pwrite(memory, c->code, c->len, (off_t)c->address) != (ssize_t)c->len)
		return -EFAULT;
	regs.r15 = c->r15;
	regs.rip = c->address + c->entry;
	rc = state ? run_from(s, t, PTRACE_CONT, c, &regs, state, &result)
		   : run_at(s, t, PTRACE_CONT, c, &regs, &result);
	ft_made_snippet(s, t, c, &regs, rc || result < 0);
	if (rc == -ESRCH)
		return rc;
	if (!c->stays && pwrite(memory, saved, c->len, (off_t)c->address) != (ssize_t)c->len)
		return -EFAULT;
	return rc ? rc : (int)result;
}

int ft_run_undo(struct ft_session *s, struct ft_task *t, int memory, const struct ft_snippet *c,
	struct ft_standing *state)
{
	struct ft_snippet undo;
	bool open = false;

	ft_snippet_start(&undo, c->address, NULL, 0);
	for (int i = 0; i < c->done; i++)
		open = c->call[i].nr == SYS_open || (open && c->call[i].nr != SYS_close);
	if (open)
		ft_snippet_call(&undo, SYS_close, (uint64_t[6]){ (uint64_t)c->fd }, 0, false);
	for (int i = c->done - 1; i >= 0; i--)
		if (c->call[i].nr == SYS_mmap)
			ft_snippet_call(&undo, SYS_munmap,
				(uint64_t[6]){ c->call[i].args[0], c->call[i].args[1] }, 0, false);
	return undo.calls ? ft_run_snippet(s, t, memory, &undo, state) : 0;
}

/* What run_at() takes for a call, made at an address. */
static struct user_regs_struct call_regs(uint64_t ip, uint64_t nr, const uint64_t args[6])
{
	return (struct user_regs_struct){ .rip = ip,
		.rax = nr,
		.rdi = args[0],
		.rsi = args[1],
		.rdx = args[2],
		.r10 = args[3],
		.r8 = args[4],
		.r9 = args[5] };
}

int ft_run_call(struct ft_session *s, struct ft_task *t, uint64_t syscall_insn, uint32_t nr,
	const uint64_t args[6], int64_t *result)
{
	const struct ft_snippet c = ft_made_call(syscall_insn, nr);
	struct user_regs_struct regs = call_regs(syscall_insn, nr, args);
	int rc;

	if (!ft_permits(t, nr, args, 0))
		return -EPERM;
	rc = run_at(s, t, PTRACE_SINGLESTEP, NULL, &regs, result);
	/* From an event inside a call the first step ends with that call: kernel/entry/common.c,
	 * syscall_exit_work(). */
	if (!rc && regs.rip == syscall_insn) {
		regs = call_regs(syscall_insn, nr, args);
		rc = run_at(s, t, PTRACE_SINGLESTEP, NULL, &regs, result);
	}
	return ft_made_count(s, t, &c, &regs) || rc ? rc : -EFAULT;
}

int ft_run_silently(struct ft_session *s, struct ft_task *t, uint64_t syscall_insn, uint32_t nr,
	const uint64_t args[6], int64_t *result)
{
	const struct ft_snippet c = ft_made_call(syscall_insn, nr);
	struct user_regs_struct regs = call_regs(syscall_insn, nr, args);
	int rc;

	if (!ft_permits(t, nr, args, 0))
		return -EPERM;
	rc = run_at(s, t, PTRACE_SYSCALL, NULL, &regs, result);
	if (!rc || !regs.rip) /* else it may have been killed at its entry */
		ft_made_count(s, t, &c, &regs);
	return rc;
}

static bool may_sync(const struct ft_task *t, uint64_t page)
{
	return ft_permits(t, SYS_mprotect, (uint64_t[6]){ page, PAGE, PROT_NONE }, 0) &&
	       ft_permits(t, SYS_mprotect, (uint64_t[6]){ page, PAGE, PROT_READ }, 0);
}

/* Code of ours in the recorder, whose calls are counted. */
static int run_recorder(struct ft_session *s, struct ft_task *t, const struct ft_snippet *c,
	struct user_regs_struct *regs, int64_t *result)
{
	int rc = run_at(s, t, PTRACE_CONT, NULL, regs, result);

	ft_made_count(s, t, c, regs);
	return rc;
}

int ft_run_code(struct ft_session *s, struct ft_task *t, uint64_t entry, uint64_t nr,
	const uint64_t args[6], int64_t *result)
{
	struct user_regs_struct regs = call_regs(entry, nr, args);

	if (entry == ft_recorder_call() && !ft_permits(t, nr, args, 0))
		return -EPERM;
	return run_at(s, t, PTRACE_CONT, NULL, &regs, result);
}

int ft_run_recorder_call(struct ft_session *s, struct ft_task *t, uint32_t nr,
	const uint64_t args[6], int64_t *result)
{
	const struct ft_snippet c = ft_made_call(ft_recorder_call(), nr);
	struct user_regs_struct regs = call_regs(c.address, nr, args);

	return ft_permits(t, nr, args, 0) ? run_recorder(s, t, &c, &regs, result) : -EPERM;
}

int ft_run_sync(struct ft_session *s, struct ft_task *t, uint64_t page)
{
	const struct ft_snippet c = ft_made_sync();
	struct user_regs_struct regs = call_regs(c.address, 0, (uint64_t[6]){ page });
	int64_t result;

	return may_sync(t, page) ? run_recorder(s, t, &c, &regs, &result) : -EPERM;
}
#endif
