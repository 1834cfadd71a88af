/* Signals that wait for a stopped task. */
#ifndef FT_PENDING_H
#define FT_PENDING_H

#include <signal.h>
#include <stdbool.h>
#include <sys/types.h>

#ifndef SYS_SECCOMP
#define SYS_SECCOMP 1 /* si_code of SIGSYS, asm-generic/siginfo.h */
#endif

/* Whether one of those for this task alone is wanted (PTRACE_PEEKSIGINFO). */
bool ft_pending(pid_t tid, bool (*wanted)(const siginfo_t *info));
/* Whether a signal tells of a call that seccomp has refused (SECCOMP_RET_TRAP, _KILL_*). */
bool ft_pending_is_refusal(const siginfo_t *info);

#endif
