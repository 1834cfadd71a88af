/* The engine that is always right: two stops a call, PTRACE_GET_SYSCALL_INFO at each (Linux 5.3).
 */
#define _GNU_SOURCE
#include "session/engine.h"

#include <errno.h>
#include <signal.h>
#include <string.h>
#include <sys/ptrace.h>
#include <linux/ptrace.h>
#include <linux/seccomp.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "alter/alter.h"
#include "arch/arch.h"
#include "kernel/pending.h"
#include "kernel/seccomp.h"
#include "session/interrupt.h"
#include "session/record.h"
#include "session/sigframe.h"
#include "tables/numbers.h"

#define X32_BIT 0x40000000ull

struct special {
	uint64_t exit, exit_group, prctl, seccomp, restart_syscall, sigreturn, getsockopt;
};

static const struct special specials[FT_ABI_COUNT] = {
#define SPECIAL(abi)                                                                               \
	[FT_ABI_##abi] = {                                                                         \
		.exit = FT_NR_##abi##_exit,                                                        \
		.exit_group = FT_NR_##abi##_exit_group,                                            \
		.prctl = FT_NR_##abi##_prctl,                                                      \
		.seccomp = FT_NR_##abi##_seccomp,                                                  \
		.restart_syscall = FT_NR_##abi##_restart_syscall,                                  \
		.sigreturn = FT_NR_##abi##_rt_sigreturn,                                           \
		.getsockopt = FT_NR_##abi##_getsockopt,                                            \
	}
	SPECIAL(X86_64),
	SPECIAL(I386),
	SPECIAL(AARCH64),
	SPECIAL(RISCV64),
};

static long seize_options(const struct ft_session *s)
{
	return PTRACE_O_TRACESYSGOOD | (s->filter ? PTRACE_O_TRACESECCOMP : 0);
}

static bool by_filter(const struct ft_session *s, const struct ft_task *t)
{
	return s->filter && !t->every_call;
}

/*
 * A filter of the program's own may answer a call before our RET_TRACE has its turn (seccomp(2):
 * the most severe action wins), so from here on its process stops at every call. Threads that a
 * TSYNC filter is put upon are made to stop now. And the inline engine, which does not know this filter,
 * gets none of them back.
 */
static void on_own_filter(struct ft_session *s, struct ft_task *self, bool tsync)
{
	struct ft_task *t = NULL;
	int bucket = 0;

	while ((t = ft_task_next(&s->tasks, t ? t->next : NULL, &bucket))) {
		if (t->tgid != self->tgid)
			continue;
		t->every_call = true;
		if (tsync || t == self)
			t->stay = FT_FALLBACK_SECCOMP;
		if (s->filter && tsync && t != self)
			ft_interrupt(t);
	}
}

static bool sets_filter(const struct special *sp, uint64_t nr, const uint64_t args[6], bool *tsync)
{
	*tsync = false;
	if (nr == sp->seccomp && (uint32_t)args[0] == SECCOMP_SET_MODE_FILTER)
		*tsync = args[1] & SECCOMP_FILTER_FLAG_TSYNC;
	return (nr == sp->seccomp && ft_seccomp_sets(args)) ||
	       (nr == sp->prctl && ft_seccomp_sets_by_prctl(args));
}

/* What is made instead of the call that the program wanted to make. */
static void read_other(const struct ft_task *t, uint64_t *nr, uint64_t args[6])
{
	struct ptrace_syscall_info info;

	if (ptrace(PTRACE_GET_SYSCALL_INFO, t->tid, sizeof(info), &info) < 0 ||
		info.op != PTRACE_SYSCALL_INFO_ENTRY)
		return;
	*nr = info.entry.nr;
	for (int i = 0; i < 6; i++)
		args[i] = info.entry.args[i];
}

/*
 * Whether a call that begins is one that we have interrupted, and know: then it goes on. *nr becomes the
 * number that the program has called.
 */
static bool goes_on(struct ft_task *t, enum ft_abi abi, uint64_t *nr)
{
	bool known = t->suspended && t->in_call != FT_CALL_NONE;
	bool remakes = t->remakes && abi < FT_ABI_COUNT, restarts;

	t->suspended = t->remakes = false;
	if (!remakes) {
		t->remade = 0;
		return false;
	}
	restarts = *nr == specials[abi].restart_syscall;
	if (restarts && t->remade)
		*nr = t->remade - 1;
	return known && (restarts || *nr == t->remade - 1);
}

static bool asks_to_pause(const struct ft_session *s, const struct ft_task *t)
{
	return s->pause_level && t->in_call == FT_CALL_RECORDED && t->tgid == s->root &&
	       t->call.args[1] == s->pause_level && t->call.abi < FT_ABI_COUNT &&
	       (uint64_t)t->call.nr == specials[t->call.abi].getsockopt;
}

/* Its own SIGWINCH, by tgkill(2); or the kernel had no room to note whose it is (RLIMIT_SIGPENDING). */
static bool is_own(const struct ft_task *t, const siginfo_t *info)
{
	return (info->si_code == SI_TKILL && info->si_pid == t->tgid) ||
	       (info->si_code == SI_USER && !info->si_pid);
}

static void resume(struct ft_session *s, struct ft_task *t, int sig);

/* The signal by which a paused task asks to be traced again, behind the call that sent it. */
static bool ends_pause(struct ft_session *s, struct ft_task *t, const struct ft_stop *stop)
{
	siginfo_t info;
	uint64_t args[6];

	if (!t->paused || stop->sig != SIGWINCH ||
		ptrace(PTRACE_GETSIGINFO, t->tid, 0, &info) < 0 || !is_own(t, &info))
		return false;
	t->paused = false;
	memcpy(args, t->call.args, sizeof(args));
	args[1]--;
	args[2]++;
	ft_record_entry(s, t, t->tid, t->call.abi, (uint64_t)t->call.nr, args, stop->time_ns);
	ft_record_cut(s, t);
	resume(s, t, 0);
	return true;
}

static void on_entry(struct ft_session *s, struct ft_task *t, uint32_t arch, uint64_t nr,
	const uint64_t *args64, uint64_t now)
{
	enum ft_abi abi = ft_arch_abi(arch);
	uint64_t args[6];
	bool tsync;

	for (int i = 0; i < 6; i++)
		args[i] = args64[i];
	if (goes_on(t, abi, &nr))
		return;
	ft_record_entry(s, t, t->tid, abi, nr, args, now);
	/* Not the execve that starts the command: it is ours. */
	if (s->plan && !s->gate)
		ft_alter_entry(s, t, abi, nr, args);
	if (s->in && t->alteration.other)
		read_other(t, &nr, args);
	if ((s->filter || s->in) && abi < FT_ABI_COUNT &&
		sets_filter(
			&specials[abi], abi == FT_ABI_X86_64 ? nr & ~X32_BIT : nr, args, &tsync))
		on_own_filter(s, t, tsync);
	else if (s->filter && t->alteration.other)
		on_own_filter(s, t, true); /* it may be such a call */
	if (asks_to_pause(s, t)) {
		t->paused = true;
		ft_record_cut(s, t);
	}
	if (!by_filter(s, t))
		return;
	/* Without a need for the exit stop the call ends, for us, here. */
	if (s->options & FT_OPT_ENTRY_ONLY || t->in_call != FT_CALL_RECORDED ||
		(!ft_alter_needs_exit(t) && abi < FT_ABI_COUNT &&
			(nr == specials[abi].exit || nr == specials[abi].exit_group)))
		ft_record_cut(s, t);
	if (ft_alter_needs_exit(t) && t->in_call == FT_CALL_NONE)
		t->in_call = FT_CALL_SKIPPED;
}

/* rt_sigreturn gives back the interrupted code's register, whatever it held: not a result, not an
 * error. */
static bool returns_nothing(const struct ft_event *call)
{
	if (call->abi >= FT_ABI_COUNT)
		return false;
	return (uint64_t)call->nr == specials[call->abi].sigreturn ||
	       (call->abi == FT_ABI_I386 && call->nr == FT_NR_I386_sigreturn);
}

/* Behind on_entry(). */
static void look_at_frame(struct ft_session *s, struct ft_task *t, uint64_t stack)
{
	if (t->in_call == FT_CALL_RECORDED && returns_nothing(&t->call))
		ft_sigframe_capture(s, t, t->call.abi,
			(uint64_t)t->call.nr == specials[t->call.abi].sigreturn, stack);
}

static void on_exit(
	struct ft_session *s, struct ft_task *t, int64_t ret, bool is_error, uint64_t now)
{
	if (t->alteration.on && ft_alter_exit(s, t, &ret))
		is_error = ft_alter_is_error(ret);
	else if (t->in_call && returns_nothing(&t->call))
		is_error = false;
	ft_record_return(s, t, ret, is_error, now);
}

/*
 * SECCOMP_RET_TRAP and _KILL_* put the registers back as they were before the call (kernel/seccomp.c,
 * syscall_rollback()), so at its exit stop the call's own number stands where its result would. The
 * signal that tells of it is pending by then.
 */
static bool refused_by_signal(pid_t tid)
{
	return ft_pending(tid, ft_pending_is_refusal);
}

static int call_stop(struct ft_session *s, struct ft_task *t, const struct ft_stop *stop)
{
	struct ptrace_syscall_info info;

	if (ptrace(PTRACE_GET_SYSCALL_INFO, t->tid, sizeof(info), &info) < 0) {
		if (errno == ESRCH)
			return 0; /* killed meanwhile: wait4 will say so */
		ft_session_fail(s, errno == EIO ? -EOPNOTSUPP : -errno); /* EIO: before Linux 5.3 */
		return 1;
	}
	if (!t->in) /* else it is made in code of the engine's, who knows where it would be */
		t->place = info.instruction_pointer;
	switch (info.op) {
	case PTRACE_SYSCALL_INFO_ENTRY:
		on_entry(s, t, info.arch, info.entry.nr, (const uint64_t *)info.entry.args,
			stop->time_ns);
		look_at_frame(s, t, info.stack_pointer);
		break;
	case PTRACE_SYSCALL_INFO_SECCOMP:
		/* Where the task stops at every call, its entry stop came before this one. */
		if (t->in_call == FT_CALL_NONE) {
			on_entry(s, t, info.arch, info.seccomp.nr,
				(const uint64_t *)info.seccomp.args, stop->time_ns);
			look_at_frame(s, t, info.stack_pointer);
		}
		/* PTRACE_SYSCALL with a signal means nothing at this stop. */
		if (t->alteration.signal)
			syscall(SYS_tgkill, t->tgid, t->tid, t->alteration.signal);
		t->alteration.signal = 0;
		break;
	case PTRACE_SYSCALL_INFO_EXIT:
		if (!t->alteration.on && t->in_call == FT_CALL_RECORDED &&
			info.exit.rval == t->call.nr && refused_by_signal(t->tid)) {
			ft_record_cut(s, t);
			break;
		}
		if (!t->in && !t->alteration.on && t->in_call != FT_CALL_NONE &&
			ft_interrupt_ended_call(t)) {
			t->suspended = true;
			t->call.ret = info.exit.rval;
			break;
		}
		on_exit(s, t, info.exit.rval, info.exit.is_error, stop->time_ns);
		break;
	default:
		break;
	}
	return 1;
}

static void resume(struct ft_session *s, struct ft_task *t, int sig)
{
	bool before_exec = s->gate && t->tid == s->root; /* our own code still */
	bool pass = before_exec || t->paused || (by_filter(s, t) && t->in_call == FT_CALL_NONE);

	/* Fails only if killed meanwhile. */
	ptrace(pass ? PTRACE_CONT : PTRACE_SYSCALL, t->tid, 0, (void *)(long)sig);
}

const struct ft_engine ft_engine_ptrace = {
	.name = "ptrace",
	.seize_options = seize_options,
	.call_stop = call_stop,
	.resume = resume,
	.signal = ends_pause,
};
