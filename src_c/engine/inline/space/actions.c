#if defined(__x86_64__)
#define _GNU_SOURCE
#include "engine/inline/space/actions.h"

#include <errno.h>
#include <sched.h>
#include <stddef.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>

#include "engine/inline/mem.h"
#include "engine/inline/patch/near.h"
#include "engine/inline/patch/text.h"
#include "engine/inline/run/run.h"
#include "engine/inline/space/code.h"
#include "kernel/proc.h"
#include "kernel/reader.h"
#include "session/interrupt.h"
#include "session/waiting.h"

#define CLEAR_HANDLERS 0x100000000ull /* CLONE_CLEAR_SIGHAND, Linux 5.5 */
#define MASK_SIZE      sizeof(uint64_t) /* the kernel's sigset_t */
#define IGNORED	       ((uint64_t)(uintptr_t)SIG_IGN)
#define NEVER_BLOCKED  (1ull << (SIGKILL - 1) | 1ull << (SIGSTOP - 1))
#define FLAGS 0xdc000807ull /* UAPI_SA_FLAGS, linux/signal_types.h: the others are not kept */

/* In a page of springboards, behind what snippets use. */
#define AT_NEW	0x600u
#define AT_COPY (AT_NEW + sizeof(struct ft_action))
static_assert(AT_NEW >= FT_NEAR_SCRATCH + sizeof(((struct ft_snippet *)0)->code), "a snippet's");
static_assert(AT_COPY + 8 <= FT_NEAR_FIRST, "the first springboard's");

static const struct ft_action none;
/* SIGTRAP, by which the task comes back to us, is the last to be ignored. */
static const int ours[FT_ACTIONS] = { SIGSYS, SIGTRAP };

static int index_of(int sig)
{
	return sig == SIGSYS ? 0 : sig == SIGTRAP ? 1 : -1;
}

/* Whose changes the task shares. */
static pid_t table_of(const struct ft_task *t)
{
	return t->actions_of ? t->actions_of : t->tgid;
}

/* The kernel is not told, or has just reset a handler. */
void ft_actions_watch(const struct ft_task *t)
{
	struct ft_space *sp = t->in->space;

	for (int i = 0; i < FT_ACTIONS && !sp->stops_queries; i++)
		if (t->ignored[i].handler || t->actions[i].handler)
			ft_code_stop_queries(sp);
}

/* All tasks that share its table see it. kernel: what that has, or NULL: what it had. */
static void note(struct ft_session *s, const struct ft_task *t, int i,
	const struct ft_action *kernel, struct ft_action ignored)
{
	struct ft_task *other = NULL;
	int bucket = 0;

	while ((other = ft_task_next(&s->tasks, other ? other->next : NULL, &bucket)))
		if (table_of(other) == table_of(t)) {
			if (kernel)
				other->actions[i] = *kernel;
			other->ignored[i] = ignored;
		}
	ft_actions_watch(t);
}

/* rt_sigaction(2) by the task for our own ends, with structures at these addresses or NULL. 0 or a negative errno. */
static int call(struct ft_session *s, struct ft_task *t, int sig, uint64_t action, uint64_t old)
{
	int64_t result;
	int rc = ft_run_recorder_call(s, t, SYS_rt_sigaction,
		(uint64_t[6]){ (uint64_t)sig, action, old, MASK_SIZE }, &result);

	return rc ? rc : (int)result;
}

/* Returns where it stands in the task's memory, or 0. */
static uint64_t write_action(const struct ft_space *sp, const struct ft_action *action)
{
	uint64_t at = sp->spoiled ? 0 : ft_near_first(sp);

	return at && !ft_text_write(sp, at + AT_NEW, action, sizeof(*action)) ? at + AT_NEW : 0;
}

static int set(struct ft_session *s, struct ft_task *t, int sig, const struct ft_action *action)
{
	uint64_t at = write_action(t->in->space, action);

	return at ? call(s, t, sig, at, 0) : -ENOSPC;
}

/* What the kernel has. It writes that to where the second block of records has its head, of which nothing is used. */
static int get(struct ft_session *s, struct ft_task *t, int sig, struct ft_action *out)
{
	const size_t at = FT_BLOCK + FT_BLOCK_HEAD - sizeof(*out);
	int rc = call(s, t, sig, 0, t->in->base + at);

	if (!rc)
		ft_area_copy(out, (const uint8_t *)t->in->area + at, sizeof(*out));
	return rc;
}

/* The task itself writes the action where the kernel has just written what it takes for that. */
static int show(
	struct ft_session *s, struct ft_task *t, const struct ft_action *action, uint64_t old)
{
	/* mov %edx, %ecx; rep movsb; int3 */
	static const uint8_t copy[] = { 0x89, 0xd1, 0xf3, 0xa4, 0xcc };
	uint64_t from = write_action(t->in->space, action), code = from + AT_COPY - AT_NEW;
	int64_t unused;
	int rc;

	if (!from || ft_text_write(t->in->space, code, copy, sizeof(copy)))
		return -ENOSPC;
	rc = ft_run_code(s, t, code, 0, (uint64_t[6]){ old, from, sizeof(*action) }, &unused);
	return rc == -EFAULT ? 0 : rc;
}

bool ft_actions_is_call(const struct user_regs_struct *regs)
{
	return (uint32_t)regs->rax == SYS_rt_sigaction && index_of((int)regs->rdi) >= 0;
}

int ft_actions_call(struct ft_session *s, struct ft_task *t, const struct user_regs_struct *regs,
	int64_t *result)
{
	const struct ft_space *sp = t->in->space;
	int sig = (int)regs->rdi, i = index_of(sig), rc;
	struct ft_action before = t->ignored[i], action;
	uint64_t from = regs->rsi;
	bool sets = from && regs->r10 == MASK_SIZE;

	if (sets) {
		ssize_t n = ft_reader_read(
			s->reader, sp->pid, ft_mem_of(sp), from, &action, sizeof(action));

		if (n == -ETIMEDOUT || n == -EAGAIN)
			return (int)n;
		sets = n == sizeof(action); /* else the call will say so, too */
	}
	if (sets)
		from = action.handler == IGNORED ? 0 : write_action(sp, &action);
	if (sets && !from && action.handler != IGNORED)
		return -ENOSPC;
	rc = ft_run_code(s, t, ft_recorder_call(), SYS_rt_sigaction,
		(uint64_t[6]){ regs->rdi, from, regs->rdx, regs->r10 }, result);
	if (rc)
		return rc;
	if (sets && (!*result || *result == -EFAULT)) { /* of the old one, when it is done */
		if (action.handler == IGNORED) {
			action.flags &= FLAGS;
			action.mask &= ~NEVER_BLOCKED;
			note(s, t, i, NULL, action);
		} else {
			note(s, t, i, &action, none);
		}
	}
	return before.handler && regs->rdx && !*result ? show(s, t, &before, regs->rdx) : 0;
}

void ft_actions_look(struct ft_task *t)
{
	uint64_t mask = t->ignores_traps ? ft_proc_status_mask(t->tgid, "SigIgn") : 0;

	for (int i = 0; i < FT_ACTIONS; i++)
		if (mask >> (ours[i] - 1) & 1)
			t->ignored[i] = (struct ft_action){ .handler = IGNORED };
}

void ft_actions_forget(struct ft_task *t)
{
	memset(t->actions, 0, sizeof(t->actions));
	memset(t->ignored, 0, sizeof(t->ignored));
	t->ignores_traps = true; /* perhaps, by its next exec */
}

int ft_actions_adopt(struct ft_session *s, struct ft_task *t)
{
	uint64_t caught;

	for (const struct ft_inline_task *it = s->in->tasks; it; it = it->next)
		if (it->task != t && table_of(it->task) == table_of(t)) {
			memcpy(t->actions, it->task->actions, sizeof(t->actions));
			memcpy(t->ignored, it->task->ignored, sizeof(t->ignored));
			return 0;
		}
	caught = ft_proc_status_mask(t->tgid, "SigCgt");
	for (int i = 0; i < FT_ACTIONS; i++) {
		bool ignored = t->ignored[i].handler;
		struct ft_action action;
		int rc;

		if (!ignored && !(caught >> (ours[i] - 1) & 1))
			continue;
		rc = get(s, t, ours[i], &action);
		if (!rc && ignored)
			rc = set(s, t, ours[i], &none);
		if (rc)
			return rc;
		if (ignored) {
			action.handler = IGNORED;
			note(s, t, i, &none, action);
		} else {
			note(s, t, i, &action, none);
		}
	}
	return 0;
}

void ft_actions_inherit(struct ft_task *child, const struct ft_task *parent, uint64_t flags)
{
	memcpy(child->actions, parent->actions, sizeof(child->actions));
	memcpy(child->ignored, parent->ignored, sizeof(child->ignored));
	if (flags & CLONE_SIGHAND)
		child->actions_of = table_of(parent);
	if (flags & CLEAR_HANDLERS)
		ft_actions_exec(child);
}

void ft_actions_exec(struct ft_task *t)
{
	t->actions_of = 0;
	for (int i = 0; i < FT_ACTIONS; i++) {
		t->actions[i] = none;
		t->ignored[i] = (struct ft_action){ .handler = t->ignored[i].handler };
	}
}

bool ft_actions_handles(const struct ft_task *t, int sig)
{
	int i = index_of(sig);

	return i >= 0 && t->actions[i].handler;
}

bool ft_actions_is_reset(const struct ft_task *t, int sig)
{
	return !(ft_proc_status_mask(t->tgid, "SigCgt") >> (sig - 1) & 1);
}

void ft_actions_restore(struct ft_session *s, struct ft_task *t, int sig)
{
	int rc = set(s, t, sig, &t->actions[index_of(sig)]);

	if (rc && rc != -ESRCH)
		t->in->space->spoiled = true; /* it has taken away what it needs for that */
}

bool ft_actions_ignores(const struct ft_task *t, const siginfo_t *info)
{
	int i = index_of(info->si_signo);

	return i >= 0 && info->si_code <= 0 && t->ignored[i].handler;
}

static bool is_step(const struct ft_task *t)
{
	siginfo_t info;

	return !ptrace(PTRACE_GETSIGINFO, t->tid, 0, &info) && info.si_code == SIGTRAP;
}

/* Another thread of the process that may trap before it stops for anybody. */
static bool may_trap(const struct ft_inline_task *it, const struct ft_task *t)
{
	if (it->task->sleeps_until || it->task->abandoned) /* it stands, or nobody can make it */
		return false;
	return it->task != t && it->area && table_of(it->task) == table_of(t) && !it->held_still &&
	       ft_proc_state(it->task->tid) != 'D'; /* in vfork(2), say: it cannot be stopped */
}

/* False: no other is left that might. */
static bool hold_one(struct ft_session *s, const struct ft_task *t)
{
	struct ft_inline_task *it = s->in->tasks;
	struct ft_stop stop;

	while (it && !may_trap(it, t))
		it = it->next;
	if (!it)
		return false;
	it->held_still = true;
	ft_interrupt(it->task);
	if (!ft_waiting_for(s, it->task->tid, &stop))
		ft_stops_put_back(&s->stops, &stop);
	return true;
}

bool ft_actions_deliver(struct ft_session *s, struct ft_task *t, int sig)
{
	bool blocked = ft_area_get(&t->in->area->mask) >> (sig - 1) & 1;
	struct ft_stop stop;
	bool alone = true;

	while (hold_one(s, t))
		alone = false;
	for (struct ft_inline_task *it = s->in->tasks; it; it = it->next)
		it->held_still = false;
	if (!blocked && ft_actions_is_reset(t, sig))
		ft_actions_restore(s, t, sig);
	if (alone)
		return false;
	/* The kernel tells when the handler's frame is made (signal_setup_done()). */
	if (ptrace(PTRACE_SINGLESTEP, t->tid, 0, (void *)(long)sig) ||
		ft_waiting_for(s, t->tid, &stop))
		return true;
	if (stop.kind == FT_STOPPED_SIGNAL && stop.sig == SIGTRAP && is_step(t)) {
		ptrace(PTRACE_CONT, t->tid, 0, 0);
		return true;
	}
	ft_stops_put_back(&s->stops, &stop);
	return true;
}

/* Threads that have left before us may have set another action since. */
static bool is_as_noted(struct ft_session *s, struct ft_task *t, int i)
{
	struct ft_action now;

	return !t->in->area || (!get(s, t, ours[i], &now) &&
				       (!now.handler || now.handler == t->actions[i].handler));
}

void ft_actions_leave(struct ft_session *s, struct ft_task *t)
{
	t->ignores_traps = true; /* perhaps, by its next exec */
	for (const struct ft_inline_task *it = s->in->tasks; it; it = it->next)
		if (it->task != t && table_of(it->task) == table_of(t))
			return;
	for (int i = 0; i < FT_ACTIONS; i++) {
		uint64_t at;
		int64_t result;

		if (t->ignored[i].handler && is_as_noted(s, t, i) &&
			(at = write_action(t->in->space, &t->ignored[i])))
			ft_run_silently(s, t, ft_recorder_call(), SYS_rt_sigaction,
				(uint64_t[6]){ (uint64_t)ours[i], at, 0, MASK_SIZE }, &result);
	}
	if (t->ignored[index_of(SIGTRAP)].handler)
		t->in->space->ignores_traps = true;
	for (int i = 0; i < FT_ACTIONS; i++)
		note(s, t, i, &none, none);
}
#endif
