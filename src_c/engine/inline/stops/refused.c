#if defined(__x86_64__)
#define _GNU_SOURCE
#include "engine/inline/stops/refused.h"

#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <linux/ptrace.h>

#include "engine/inline/drain/drain.h"
#include "kernel/pending.h"
#include "session/record.h"

bool ft_refused_is_pending(const struct ft_task *t)
{
	return ft_pending(t->tid, ft_pending_is_refusal);
}

/* kernel/seccomp.c puts the registers back as they were before the call: syscall_rollback(). */
bool ft_refused(const struct ft_task *t, const struct user_regs_struct *regs)
{
	siginfo_t info;

	if ((int64_t)regs->orig_rax < 0 || regs->rax != regs->orig_rax)
		return false;
	return (!ptrace(PTRACE_GETSIGINFO, t->tid, 0, &info) && ft_pending_is_refusal(&info)) ||
	       ft_refused_is_pending(t);
}

bool ft_refused_sigreturn(const struct ft_task *t, const struct user_regs_struct *regs)
{
	return t->in->returning && regs->orig_rax == SYS_rt_sigreturn && ft_refused(t, regs);
}

void ft_refused_cut(struct ft_session *s, struct ft_task *t)
{
	struct ft_inline_task *it = t->in;

	if (it->returning) { /* this one; that an earlier one was made is told by now */
		it->returning = false;
		ft_record_begun(s, t, it->sigreturn, NULL, 0);
	} else {
		ft_drain(s, it);
		ft_drain_begun(s, it);
	}
	ft_record_cut(s, t);
	ft_area_set(&it->area->busy, 0);
	it->strings_at = 0;
}

void ft_refused_mend(const struct ft_task *t, siginfo_t *info)
{
	const uint64_t at = (uint64_t)(uintptr_t)info->si_call_addr - FT_RECORDER_BASE;
	struct user_regs_struct regs;

	if (at >= FT_RECORDER_CODE || ptrace(PTRACE_GETREGS, t->tid, 0, &regs) < 0)
		return;
	info->si_call_addr = (void *)(uintptr_t)regs.rip;
	ptrace(PTRACE_SETSIGINFO, t->tid, 0, info);
}
#endif
