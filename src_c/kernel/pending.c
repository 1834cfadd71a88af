#define _GNU_SOURCE
#include "kernel/pending.h"

#include <stdint.h>
#include <sys/ptrace.h>
#include <linux/ptrace.h>

bool ft_pending(pid_t tid, bool (*wanted)(const siginfo_t *info))
{
	struct ptrace_peeksiginfo_args which = { .nr = 1 };
	siginfo_t info;

	for (; ptrace(PTRACE_PEEKSIGINFO, tid, &which, &info) == 1; which.off++)
		if (wanted(&info))
			return true;
	return false;
}

bool ft_pending_may_be_fault(int sig)
{
	return sig == SIGSEGV || sig == SIGBUS || sig == SIGILL || sig == SIGTRAP ||
	       sig == SIGFPE || sig == SIGSYS;
}

/* A task faults with the signal unblocked: force_sig_info_to_task(). */
bool ft_pending_comes_first(pid_t tid)
{
	struct ptrace_peeksiginfo_args which = { .nr = 1 };
	bool knows_mask = false;
	uint64_t mask = 0;
	siginfo_t info;

	for (; ptrace(PTRACE_PEEKSIGINFO, tid, &which, &info) == 1; which.off++) {
		if (!ft_pending_may_be_fault(info.si_signo) || info.si_code <= 0)
			continue;
		if (!knows_mask && ptrace(PTRACE_GETSIGMASK, tid, sizeof(mask), &mask) < 0)
			return false; /* killed meanwhile */
		knows_mask = true;
		if (!(mask >> (info.si_signo - 1) & 1))
			return true;
	}
	return false;
}

bool ft_pending_is_refusal(const siginfo_t *info)
{
	return info->si_signo == SIGSYS && info->si_code == SYS_SECCOMP;
}
