#define _GNU_SOURCE
#include "kernel/pending.h"

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

bool ft_pending_is_refusal(const siginfo_t *info)
{
	return info->si_signo == SIGSYS && info->si_code == SYS_SECCOMP;
}
