/* The inline engine's part in the tracer thread's loop: what each stop of a task that records itself
 * means. */
#if defined(__x86_64__)
#define _GNU_SOURCE
#include "engine/inline/inline.h"

#include <errno.h>
#include <fcntl.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/ptrace.h>
#include <linux/audit.h>
#include <linux/ptrace.h>
#include <stdio.h>
#include <sys/auxv.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "clock.h"
#include "engine/engine.h"
#include "engine/inline/attach.h"
#include "engine/inline/dispatch.h"
#include "engine/inline/prepare.h"
#include "engine/inline/supervise.h"
#include "record.h"
#include "remote.h"
#include "tracer.h"

#define FSGSBASE      (1 << 1) /* HWCAP2_FSGSBASE, asm/hwcap2.h */
#define BATCH	      512
#define CLONE_VM_FLAG 0x100

static uint64_t bit(int sig)
{
	return 1ull << (sig - 1);
}

/* The program is new. The task stands at its PTRACE_EVENT_EXEC. */
static void engine_execed(struct ft_session *s, struct ft_task *t)
{
	struct user_regs_struct regs;
	struct ft_space *sp;
	enum ft_fallback why;

	if (ptrace(PTRACE_GETREGS, t->tid, 0, &regs) < 0)
		return;
	why = ft_can_prepare(t);
	if (why != FT_FALLBACK_NONE) {
		ft_record_engine(s, t, FT_ENGINE_PTRACE, why);
		return; /* the exec's end is still to come */
	}
	if (ft_space_new(s, t, &sp) < 0 || ft_prepare_task(s, t, sp) < 0)
		ft_record_engine(s, t, FT_ENGINE_PTRACE, FT_FALLBACK_SETUP);
	else
		ft_patch_known(s, t, regs.rip);
	ft_record_return(s, t, 0, false, ft_now());
}

/* Where a task goes on behind the call that it stopped at. */
static uint64_t way_back(const struct ft_space *sp, uint64_t address)
{
	const struct ft_site *site = ft_site_find(sp, address);

	if (site && site->patched && site->patch.kind == FT_PATCH_MOVED)
		return site->springboard + site->tail;
	return address + 2;
}

/*
 * The kernel unblocked the signal that it forced upon the task (kernel/signal.c,
 * force_sig_info_to_task()). Whether it was blocked we know but in a signal handler, where it is if it
 * was before, or if the other of the two that a program seldom tells apart is.
 */
static void restore_mask(struct ft_task *t, int sig)
{
	struct ft_inline_task *it = t->in;
	uint64_t other = bit(sig == SIGSYS ? SIGTRAP : SIGSYS), now;
	uint64_t known = it->area->mask;
	bool blocked = known & bit(sig);

	if (it->signals && known == it->signal_mask && !blocked) {
		if (ptrace(PTRACE_GETSIGMASK, t->tid, sizeof(now), &now) < 0)
			return;
		blocked = now & other && ft_prepare_in_handler(t);
	}
	if (!blocked || ptrace(PTRACE_GETSIGMASK, t->tid, sizeof(now), &now) < 0)
		return;
	now |= bit(sig);
	ptrace(PTRACE_SETSIGMASK, t->tid, sizeof(now), &now);
}

static void let_run(struct ft_session *s, struct ft_task *t, struct user_regs_struct *regs)
{
	regs->orig_rax = -1; /* the trap is no call to restart */
	if (!ft_set_regs(s, t, regs)) {
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
	ft_set_regs(s, t, regs);
	ft_leave(s, t, why);
	s->engine->resume(s, t, 0);
}

/* A call that the tracer was asked about goes on: recorded, passed, or seen by the ptrace engine. */
static void go_on(
	struct ft_session *s, struct ft_task *t, struct user_regs_struct *regs, uint64_t ret)
{
	struct ft_inline_task *it = t->in;
	enum ft_fallback why = ft_supervise(s, t, regs, ret);

	if (why == FT_FALLBACK_NONE && it->space->spoiled)
		why = FT_FALLBACK_SPOILED;
	if (why != FT_FALLBACK_NONE || it->space->leaving) {
		leave_at(s, t, regs, ft_normalise_site(it->space, ret), why);
		return;
	}
	it->area->ret = ret;
	regs->rip = ft_supervise_records(s, regs->rax) ? ft_recorder_record(regs->rax)
						       : ft_recorder_pass();
	let_run(s, t, regs);
}

static void on_dispatch(struct ft_session *s, struct ft_task *t, const siginfo_t *info)
{
	struct user_regs_struct regs;
	uint64_t address;
	int rc = 0;

	if (ptrace(PTRACE_GETREGS, t->tid, 0, &regs) < 0)
		return;
	restore_mask(t, SIGSYS);
	address = regs.rip - 2;
	if (info->si_arch != AUDIT_ARCH_X86_64) {
		leave_at(s, t, &regs, address, FT_FALLBACK_ABI);
		return;
	}
	/* The unwinder of libgcc knows rt_sigreturn's site by its bytes. */
	if (!t->in->space->leaving && regs.rax != SYS_rt_sigreturn &&
		ft_attach_is_complete(s, t->in->space))
		rc = ft_patch_learn(s, t, address, (uint32_t)regs.rax);
	if (rc == -ESRCH)
		return;
	go_on(s, t, &regs, way_back(t->in->space, address));
}

/* No block was free: on with the first that is, and only then take what is in the others. */
static void on_full(struct ft_session *s, struct ft_task *t)
{
	restore_mask(t, SIGTRAP);
	pthread_mutex_lock(&s->in->lock);
	ft_drain_next_block(s, t->in);
	s->engine->resume(s, t, 0);
	ft_drain(s, t->in);
	ft_drainer_start(s, true);
	pthread_mutex_unlock(&s->in->lock);
}

static bool on_trap(struct ft_session *s, struct ft_task *t)
{
	struct user_regs_struct regs;
	uint64_t to;

	if (ptrace(PTRACE_GETREGS, t->tid, 0, &regs) < 0)
		return false;
	switch (ft_recorder_trap_at(regs.rip)) {
	case FT_TRAP_POLICY:
		restore_mask(t, SIGTRAP);
		go_on(s, t, &regs, t->in->area->ret);
		return true;
	case FT_TRAP_FULL:
		on_full(s, t);
		return true;
	case FT_TRAP_GS:
		restore_mask(t, SIGTRAP);
		leave_at(s, t, &regs, ft_normalise_site(t->in->space, regs.r11), FT_FALLBACK_GS);
		return true;
	case FT_TRAP_NONE:
		break;
	}
	if (!ft_patch_rewind(t->in->space, regs.rip, &to))
		return false;
	restore_mask(t, SIGTRAP);
	regs.rip = to;
	let_run(s, t, &regs);
	return true;
}

/* An argument points where nothing can be read: the call will fail, or does not look there. */
static bool on_string_fault(struct ft_session *s, struct ft_task *t, int sig)
{
	struct user_regs_struct regs;
	uint64_t on;

	if (ptrace(PTRACE_GETREGS, t->tid, 0, &regs) < 0 ||
		!ft_recorder_string_fault(regs.rip, &on))
		return false;
	restore_mask(t, sig);
	regs.rip = on;
	let_run(s, t, &regs);
	return true;
}

/* A fault in code of ours: the program has taken memory away that we had placed there. */
static bool on_fault(struct ft_session *s, struct ft_task *t)
{
	struct user_regs_struct regs;
	bool ours;

	if (ptrace(PTRACE_GETREGS, t->tid, 0, &regs) < 0)
		return false;
	pthread_mutex_lock(&s->in->lock);
	ours = ft_normalise(s, t, &regs);
	pthread_mutex_unlock(&s->in->lock);
	if (!ours)
		return false;
	t->in->space->spoiled = true;
	leave_at(s, t, &regs, regs.rip, FT_FALLBACK_SPOILED);
	return true;
}

static bool engine_signal(struct ft_session *s, struct ft_task *t, const struct ft_stop *stop)
{
	siginfo_t info;

	if (!t->in || !t->in->area)
		return false;
	if (stop->sig != SIGSYS && stop->sig != SIGTRAP && stop->sig != SIGSEGV &&
		stop->sig != SIGBUS)
		return false;
	if (ptrace(PTRACE_GETSIGINFO, t->tid, 0, &info) < 0)
		return true; /* killed meanwhile */
	switch (stop->sig) {
	case SIGSYS:
		if (info.si_code != FT_SYS_USER_DISPATCH)
			return false;
		on_dispatch(s, t, &info);
		return true;
	case SIGTRAP:
		return info.si_code == SI_KERNEL && on_trap(s, t);
	default:
		return info.si_code > 0 && (on_string_fault(s, t, stop->sig) || on_fault(s, t));
	}
}

/* The task's state can be seen from now on, or it goes to the ptrace engine. */
static void engine_shown(struct ft_session *s, struct ft_task *t, int sig)
{
	struct user_regs_struct regs;
	struct ft_inline_task *it = t->in;

	if (!it || !it->area || ptrace(PTRACE_GETREGS, t->tid, 0, &regs) < 0)
		return;
	if (ft_dispatch_is_trapping(t->tid))
		return; /* it stands where that trap belongs */
	pthread_mutex_lock(&s->in->lock);
	if (regs.rip == ft_recorder_pass())
		it->returning = false; /* it will trap again */
	ft_drain_sigreturn(s, it);
	if (ft_normalise(s, t, &regs))
		ft_set_regs(s, t, &regs);
	ft_drain(s, it);
	pthread_mutex_unlock(&s->in->lock);
	if (it->space->leaving || it->space->spoiled) {
		ft_leave(s, t, it->space->spoiled ? FT_FALLBACK_SPOILED : FT_FALLBACK_NONE);
		return;
	}
	if (sig &&
		ptrace(PTRACE_GETSIGMASK, t->tid, sizeof(it->area->mask), &it->area->mask) == 0) {
		it->signal_mask = it->area->mask;
		it->signals |= bit(sig);
		it->area->strings_limit = 0; /* the handler's mask is not known */
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

static void engine_birth(struct ft_session *s, struct ft_task *parent, struct ft_task *child)
{
	struct ft_inline_task *from = parent->in, *it;

	child->stay = parent->stay;
	child->ignores_traps = parent->ignores_traps;
	if (from)
		from->giving = true;
	if (!from || !from->giving_birth)
		return;
	from->giving_birth = false;
	if (child->in)
		return;
	it = ft_prepare_new(child, from->space);
	if (!it) {
		ft_session_fail(s, -ENOMEM);
		return;
	}
	it->birth_ret = from->birth_ret;
	it->birth_flags = from->birth_flags;
}

/* A new task's first stop: in the recorder, behind its parent's clone, with its parent's gs. */
static void engine_born(struct ft_session *s, struct ft_task *t)
{
	struct ft_inline_task *it = t->in;
	enum ft_fallback why = FT_FALLBACK_SETUP;
	struct user_regs_struct regs;
	struct ft_space *own = NULL;
	bool foreign;

	if (!it)
		ft_inline_attached(s, t); /* perhaps the child of a thread that was not asked yet */
	if (!it || it->area)
		return;
	foreign = it->space->foreign || ft_supervise_is_foreign(it->birth_flags);
	if (ptrace(PTRACE_GETREGS, t->tid, 0, &regs) < 0)
		return;
	regs.rip = it->birth_ret;
	ft_set_regs(s, t, &regs);
	if (it->birth_flags & CLONE_VM_FLAG) {
		if (!it->space->leaving && !ft_prepare_arm(s, t))
			return;
		if (!it->space->leaving) {
			it->space->leaving = true;
			ft_patch_undo_all(s, t, it->space);
		}
		why = FT_FALLBACK_NONE;
		goto ptrace;
	}
	if (ft_space_fork(s, t, it->space, &own) < 0) {
		ft_session_fail(s, -ENOMEM); /* patched text that nobody can mend */
		return;
	}
	pthread_mutex_lock(&s->in->lock);
	own->refs = 1;
	own->leaving = it->space->leaving;
	if (--it->space->refs == 0)
		ft_space_free(it->space);
	it->space = own;
	pthread_mutex_unlock(&s->in->lock);
	if (foreign && t->stay == FT_FALLBACK_NONE)
		t->stay = FT_FALLBACK_NAMESPACE;
	if (t->stay != FT_FALLBACK_NONE)
		why = t->stay;
	else if (!own->leaving && own->memory >= 0 && !ft_prepare_arm(s, t))
		return;
	own->leaving = true;
	ft_patch_undo_all(s, t, own);
	ft_patch_undo_padding(own);
ptrace:
	ft_dispatch_disarm(t->tid);
	ft_dispatch_set_gs(t->tid, 0);
	ft_inline_task_free(s, t);
	ft_record_engine(s, t, FT_ENGINE_PTRACE, why);
}

/* Before the exec is told of: the call is under way, in an address space that has gone. */
static void engine_execing(struct ft_session *s, struct ft_task *t)
{
	struct ft_inline_task *it = t->in;

	if (!it)
		return;
	engine_drain(s, t);
	pthread_mutex_lock(&s->in->lock);
	ft_drain_sigreturn(s, it);
	ft_drain_begun(s, it);
	pthread_mutex_unlock(&s->in->lock);
	if (it->space->foreign)
		t->stay = FT_FALLBACK_NAMESPACE;
	ft_inline_task_free(s, t);
}

/* PTRACE_EVENT_EXIT: the registers tell, to the instruction, whether a call was under way. */
static void engine_exiting(struct ft_session *s, struct ft_task *t)
{
	struct user_regs_struct regs;
	struct ft_inline_task *it = t->in;
	struct ft_raw *raw, none = { 0 };
	uint64_t ret = 0;

	if (!it || !it->area || ptrace(PTRACE_GETREGS, t->tid, 0, &regs) < 0)
		return;
	pthread_mutex_lock(&s->in->lock);
	if (regs.rip != ft_recorder_pass() && !it->dying)
		ft_drain_sigreturn(s, it);
	ft_drain(s, it);
	raw = ft_drain_current(it);
	it->area->busy = 0;
	switch (ft_recorder_undo(&regs, it->area, raw ? raw : &none, &ret)) {
	case FT_RETURNED:
		if ((int64_t)regs.orig_rax >= 0) {
			it->area->busy = it->area->cur; /* it dies in it */
			break;
		}
		if (raw)
			raw->ret = (int64_t)regs.rax;
		/* fall through */
	case FT_FINISHED:
		if (raw) {
			raw->end = ft_tsc_now();
			ft_drain_close(s, it);
		}
		break;
	default:
		break;
	}
	pthread_mutex_unlock(&s->in->lock);
}

/* Whether a process that is making a child, other than that of t, may have made this one. */
static bool is_of_another(const struct ft_session *s, const struct ft_task *t, pid_t tid)
{
	char status[4096];
	ssize_t n = ft_remote_proc(tid, "status", status, sizeof(status) - 1);
	long tgid, ppid;

	if (n <= 0)
		return true;
	status[n] = 0;
	tgid = ft_remote_status_field(status, "Tgid");
	ppid = ft_remote_status_field(status, "PPid");
	for (const struct ft_inline_task *it = s->in->tasks; it; it = it->next)
		if (it->giving_birth && it->task != t && it->task->tgid != t->tgid &&
			(it->task->tgid == tgid || it->task->tgid == ppid))
			return true;
	return false;
}

/* It died before it could tell of a child that has stopped already. */
static void adopt_orphans(struct ft_session *s, struct ft_task *t)
{
	for (struct ft_early *e = s->in->early; e; e = e->next) {
		pid_t tid = e->stop.tid;
		struct ft_task *child = ft_task_find(&s->tasks, tid);

		if (is_of_another(s, t, tid))
			continue;
		if (!child)
			child = ft_tracer_adopt(s, tid, t->tgid, e->stop.time_ns);
		t->in->giving_birth = true;
		if (child && !child->in)
			engine_birth(s, t, child);
	}
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
	if (it->giving_birth)
		adopt_orphans(s, t);
	if (it->returning) {
		it->returning = false;
		ft_record_begun(s, t, it->sigreturn, NULL, 0);
	}
	ft_inline_task_free(s, t);
}

static bool is_giving_birth(const struct ft_session *s)
{
	for (const struct ft_inline_task *it = s->in->tasks; it; it = it->next)
		if (it->giving_birth)
			return true;
	return false;
}

static bool engine_defer(struct ft_session *s, const struct ft_stop *stop)
{
	struct ft_early *e;

	if (!is_giving_birth(s) || !(e = malloc(sizeof(*e))))
		return false;
	e->stop = *stop;
	e->next = s->in->early;
	s->in->early = e;
	return true;
}

static bool engine_early(struct ft_session *s, pid_t tid, struct ft_stop *out)
{
	for (struct ft_early **e = &s->in->early; *e; e = &(*e)->next)
		if ((*e)->stop.tid == tid || (tid < 0 && (ft_task_find(&s->tasks, (*e)->stop.tid) ||
								 !is_giving_birth(s)))) {
			struct ft_early *found = *e;

			*out = found->stop;
			*e = found->next;
			free(found);
			return true;
		}
	return false;
}

/* At a birth event, inside the call that makes the child. */
static void leave_in_call(struct ft_session *s, struct ft_task *t)
{
	struct user_regs_struct regs;

	if (ptrace(PTRACE_GETREGS, t->tid, 0, &regs) < 0)
		return;
	pthread_mutex_lock(&s->in->lock);
	ft_drain(s, t->in);
	ft_drain_begun(s, t->in);
	t->in->area->busy = 0;
	regs.rip = ft_normalise_after(s, t, t->in->area->ret);
	pthread_mutex_unlock(&s->in->lock);
	ft_set_regs(s, t, &regs);
}

static bool engine_let_go(struct ft_session *s, struct ft_task *t)
{
	if (!t->in || !t->in->area)
		return true;
	if (ft_dispatch_is_trapping(t->tid)) {
		ptrace(PTRACE_CONT, t->tid, 0, 0);
		return false;
	}
	if (t->in->giving)
		leave_in_call(s, t);
	else
		engine_shown(s, t, 0);
	if (t->in)
		ft_leave(s, t, FT_FALLBACK_NONE);
	return true;
}

static long engine_seize_options(const struct ft_session *s)
{
	return ft_engine_ptrace.seize_options(s) | PTRACE_O_TRACEEXIT;
}

static int engine_call_stop(struct ft_session *s, struct ft_task *t, const struct ft_stop *stop)
{
	return ft_engine_ptrace.call_stop(s, t, stop);
}

static void engine_resume(struct ft_session *s, struct ft_task *t, int sig)
{
	/* A trap of ours has taken the place of the stop at which it would have been let go. */
	if (s->detaching && !t->interrupting)
		t->interrupting = !ptrace(PTRACE_INTERRUPT, t->tid, 0, 0);
	if (t->in)
		t->in->giving = false;
	if (!sig && t->held_signal && !ptrace(PTRACE_SETSIGINFO, t->tid, 0, &t->held_info)) {
		sig = t->held_signal;
		t->held_signal = 0;
	}
	if (ft_task_replaced(&s->tasks, t))
		return;
	if (!t->in)
		ft_engine_ptrace.resume(s, t, sig);
	else
		ptrace(PTRACE_CONT, t->tid, 0, (void *)(long)sig);
}

static int code_new(struct ft_session *s)
{
	struct ft_inline *in = s->in;
	uint8_t *map;
	int rc = 0;

	in->code = memfd_create("fasttrace-code", MFD_CLOEXEC | MFD_ALLOW_SEALING);
	if (in->code < 0 || ftruncate(in->code, FT_RECORDER_SIZE) < 0)
		return -errno;
	map = mmap(NULL, FT_RECORDER_SIZE, PROT_READ | PROT_WRITE, MAP_SHARED, in->code, 0);
	if (map == MAP_FAILED)
		return -errno;
	ft_recorder_code(map);
	ft_policy_table(s, in, map + FT_RECORDER_CODE);
	munmap(map, FT_RECORDER_SIZE);
	if (fcntl(in->code, F_ADD_SEALS, F_SEAL_SEAL | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE) <
		0)
		rc = -errno;
	snprintf(in->code_path, sizeof(in->code_path), "/proc/%d/fd/%d", getpid(), in->code);
	return rc;
}

static void engine_close(struct ft_session *s)
{
	if (!s->in)
		return;
	while (s->in->early) {
		struct ft_early *e = s->in->early;

		s->in->early = e->next;
		free(e);
	}
	if (s->in->code >= 0)
		close(s->in->code);
	ft_files_free(s->in->files);
	ft_tsc_end(&s->in->clock);
	free(s->in->batch);
	pthread_mutex_destroy(&s->in->lock);
	pthread_cond_destroy(&s->in->wake);
	free(s->in);
	s->in = NULL;
}

static int engine_open(struct ft_session *s)
{
	pthread_mutexattr_t recursive;
	pthread_condattr_t attr;
	int rc;

	s->in = calloc(1, sizeof(*s->in));
	if (!s->in)
		return -ENOMEM;
	s->in->code = -1;
	pthread_mutexattr_init(&recursive);
	pthread_mutexattr_settype(&recursive, PTHREAD_MUTEX_RECURSIVE);
	pthread_mutex_init(&s->in->lock, &recursive); /* tasks exit while we wait for another */
	pthread_mutexattr_destroy(&recursive);
	pthread_condattr_init(&attr);
	pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
	pthread_cond_init(&s->in->wake, &attr);
	pthread_condattr_destroy(&attr);
	s->in->fsgsbase = getauxval(AT_HWCAP2) & FSGSBASE;
	s->in->batch = malloc(BATCH * sizeof(*s->in->batch));
	rc = s->in->batch ? ft_tsc_start(&s->in->clock) : -ENOMEM;
	ft_policy_slow(s->in);
	if (!rc)
		rc = code_new(s);
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
		ft_drain(s, it);
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
	.signal = engine_signal,
	.shown = engine_shown,
	.drain = engine_drain,
	.defer = engine_defer,
	.early = engine_early,
	.birth = engine_birth,
	.born = engine_born,
	.attached = ft_inline_attached,
	.execing = engine_execing,
	.execed = engine_execed,
	.exiting = engine_exiting,
	.gone = engine_gone,
	.let_go = engine_let_go,
	.flush = engine_flush,
};
#endif
