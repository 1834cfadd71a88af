#if defined(__x86_64__)
#define _GNU_SOURCE
#include "engine/inline/stops/supervise.h"

#include <sched.h>
#include <stddef.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <ucontext.h>
#include <unistd.h>
#include <asm/prctl.h>

#include "engine/inline/dispatch.h"
#include "engine/inline/mem.h"
#include "engine/inline/drain/drain.h"
#include "engine/inline/patch/patch.h"
#include "engine/inline/permits.h"
#include "engine/inline/verdict.h"
#include "engine/inline/space/actions.h"
#include "engine/inline/space/prepare.h"
#include "engine/inline/stops/captured.h"
#include "engine/inline/stops/dumpable.h"
#include "engine/inline/stops/threads.h"
#include "kernel/clock.h"
#include "kernel/reader.h"
#include "session/record.h"
#include "session/sigframe.h"

#define X32_BIT 0x40000000u

/* The kernel's struct ucontext begins as glibc's ucontext_t; the mask follows the registers. */
static_assert(offsetof(ucontext_t, uc_sigmask) == 296, "x86-64 signal frame");

static bool read_program(struct ft_session *s, const struct ft_inline_task *it, uint64_t address,
	void *out, size_t size)
{
	const struct ft_space *sp = it->space;

	return ft_reader_read(s->reader, sp->pid, ft_mem_of(sp), address, out, size) ==
	       (ssize_t)size;
}

/*
 * rt_sigreturn does not come back, so the tracer records it: with what its frame says is rax, and as
 * finished when the task is seen to do something else.
 */
static void on_sigreturn(
	struct ft_session *s, struct ft_task *t, const struct user_regs_struct *regs)
{
	struct ft_inline_task *it = t->in;
	ucontext_t frame;
	const size_t size = offsetof(ucontext_t, uc_sigmask) + sizeof(uint64_t);
	bool is_there = read_program(s, it, regs->rsp, &frame, size);
	uint64_t mask;

	if (!is_there)
		memset(&frame, 0, size); /* it will die of it */
	memcpy(&mask, &frame.uc_sigmask, sizeof(mask));
	ft_area_set(&it->area->mask, mask);
	it->signals = 0;
	ft_captured_allow(it);
	if (!ft_record_wants(s, FT_ABI_X86_64, (uint32_t)regs->rax))
		return;
	pthread_mutex_lock(&s->in->lock);
	it->returning = true;
	if (!it->strings_at)
		t->payload_len = 0; /* it is an earlier call's */
	ft_sigframe_add(s, t, FT_ABI_X86_64, true, regs->rsp, is_there ? &mask : NULL);
	it->sigreturn = (struct ft_event){
		.time_ns = ft_now(),
		.ret = frame.uc_mcontext.gregs[REG_RAX],
		.args = { regs->rdi, regs->rsi, regs->rdx, regs->r10, regs->r8, regs->r9 },
		.pid = t->tgid,
		.tid = t->tid,
		.nr = (int32_t)regs->rax,
		.abi = FT_ABI_X86_64,
		.kind = FT_KIND_SYSCALL,
		.flags = t->payload_len ? FT_FLAG_PAYLOAD : 0,
	};
	it->strings_at = 0; /* no record follows */
	pthread_mutex_unlock(&s->in->lock);
}

static enum ft_fallback birth(
	struct ft_session *s, struct ft_task *t, const struct user_regs_struct *regs, uint64_t ret)
{
	struct ft_inline_task *it = t->in;
	uint64_t flags = 0;

	switch ((uint32_t)regs->rax) {
	case SYS_clone:
		flags = regs->rdi;
		break;
	case SYS_vfork:
		flags = CLONE_VM | CLONE_VFORK;
		break;
	case SYS_clone3:
		if (!read_program(s, it, regs->rdi, &flags, sizeof(flags)))
			flags = 0; /* the call will fail */
		break;
	}
	if (flags & CLONE_UNTRACED)
		return FT_FALLBACK_UNTRACED;
	if (flags & CLONE_VM && !ft_permits_threads(t->filters))
		return FT_FALLBACK_SECCOMP;
	if (!(flags & CLONE_VM) && ft_dumpable_fork(s, t) != FT_FALLBACK_NONE)
		return FT_FALLBACK_DUMPABLE;
	if (!(flags & CLONE_VM))
		ft_patch_catch_up(s, t);
	if (flags & CLONE_THREAD)
		ft_threads_allow(s, t, (uint32_t)regs->rax);
	it->birth_ret = ret;
	it->birth_flags = flags;
	it->birth_changes = it->space->changes;
	it->birth_at = ft_area_get(&it->area->cur);
	it->giving_birth = true;
	return FT_FALLBACK_NONE;
}

bool ft_supervise_is_foreign(uint64_t flags)
{
	return flags & (CLONE_NEWNS | CLONE_NEWPID | CLONE_NEWUSER);
}

/* Where ft_filters_call() did not make it. */
static enum ft_fallback own_seccomp(struct ft_task *t, const struct user_regs_struct *regs)
{
	const uint64_t args[6] = { regs->rdi, regs->rsi, regs->rdx };
	bool by_prctl = ((uint32_t)regs->rax & ~X32_BIT) == SYS_prctl;

	if (!(by_prctl ? ft_seccomp_sets_by_prctl(args) : ft_seccomp_sets(args)))
		return FT_FALLBACK_NONE;
	t->stay = FT_FALLBACK_SECCOMP;
	return FT_FALLBACK_SECCOMP;
}

/* SIGSEGV and SIGBUS may come of a string that cannot be read. */
static enum ft_fallback handler(
	struct ft_session *s, struct ft_task *t, const struct user_regs_struct *regs)
{
	int sig = (int)regs->rdi;
	uint64_t how;

	if (ft_actions_is_call(regs))
		/* Where ft_actions_call() could not make it. */
		return t->filters ? FT_FALLBACK_SECCOMP : FT_FALLBACK_SIGNALS;
	if (regs->rsi && (sig == SIGSEGV || sig == SIGBUS) &&
		read_program(s, t->in, regs->rsi, &how, sizeof(how)) &&
		how == (uint64_t)(uintptr_t)SIG_IGN) {
		t->in->space->ignores_faults = t->ignores_traps = true;
		for (struct ft_inline_task *it = s->in->tasks; it; it = it->next)
			if (it->space == t->in->space && it->area)
				ft_area_limit_strings(it, true);
	}
	return FT_FALLBACK_NONE;
}

static enum ft_fallback process_control(
	const struct ft_session *s, struct ft_task *t, const struct user_regs_struct *regs)
{
	switch ((uint32_t)regs->rdi) {
	case PR_SET_DUMPABLE:
		return ft_dumpable_change(s, t);
	case PR_SET_SECCOMP:
		return own_seccomp(t, regs);
	case PR_SET_TSC:
		return FT_FALLBACK_TSC;
	case FT_DISPATCH_SET:
		return FT_FALLBACK_DISPATCH;
	default:
		return FT_FALLBACK_NONE;
	}
}

bool ft_supervise_records(const struct ft_session *s, uint64_t nr)
{
	if ((uint32_t)nr == SYS_rt_sigprocmask)
		return true; /* for the mask's sake */
	return (uint32_t)nr != SYS_rt_sigreturn && ft_record_wants(s, FT_ABI_X86_64, (uint32_t)nr);
}

void ft_supervise_begin(
	struct ft_session *s, struct ft_task *t, const struct user_regs_struct *regs)
{
	pthread_mutex_lock(&s->in->lock);
	ft_drain_sigreturn(s, t->in);
	ft_drain(s, t->in); /* which may use what the items of an earlier call stand in */
	ft_captured_before(s, t, regs);
	pthread_mutex_unlock(&s->in->lock);
}

enum ft_fallback ft_supervise_call(
	struct ft_session *s, struct ft_task *t, const struct user_regs_struct *regs, uint64_t ret)
{
	switch ((uint32_t)regs->rax) {
	case SYS_rt_sigreturn:
		if (!t->in->space->leaving)
			on_sigreturn(s, t, regs);
		return FT_FALLBACK_NONE;
	case SYS_clone:
	case SYS_clone3:
	case SYS_fork:
	case SYS_vfork:
		return t->in->space->leaving ? FT_FALLBACK_NONE : birth(s, t, regs, ret);
	case SYS_seccomp:
	case SYS_seccomp | X32_BIT:
	case SYS_prctl | X32_BIT:
		return own_seccomp(t, regs);
	case SYS_prctl:
		return process_control(s, t, regs);
	case SYS_rt_sigaction:
		return handler(s, t, regs);
	case SYS_arch_prctl:
		return regs->rdi == ARCH_SET_GS || regs->rdi == ARCH_GET_GS ? FT_FALLBACK_GS
									    : FT_FALLBACK_NONE;
	case SYS_modify_ldt:
		return FT_FALLBACK_GS;
	case SYS_mlockall:
		return FT_FALLBACK_MEMORY;
	case SYS_unshare:
		if (ft_supervise_is_foreign(regs->rdi))
			t->in->space->foreign = true;
		return ft_dumpable_change(s, t);
	case SYS_setns:
		t->in->space->foreign = true;
		return ft_dumpable_change(s, t);
	case SYS_chroot:
	case SYS_pivot_root:
		t->in->space->foreign = true;
		return FT_FALLBACK_NONE;
	case SYS_setuid:
	case SYS_setgid:
	case SYS_setreuid:
	case SYS_setregid:
	case SYS_setresuid:
	case SYS_setresgid:
	case SYS_setfsuid:
	case SYS_setfsgid:
		return ft_dumpable_change(s, t);
	default:
		return FT_FALLBACK_NONE;
	}
}
#endif
