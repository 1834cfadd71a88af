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
/*
 * Whether a signal may tell of a fault or a trap. A task that stands before it is not made to run anything, for of what the
 * processor said the kernel keeps only the last for the handler's frame (thread.trap_nr, error_code).
 */
bool ft_pending_may_be_fault(int sig);
/*
 * Whether a fault or a trap has happened of which the task has not been told yet, as at a stop for our interrupt, which
 * the kernel sees to before it. That comes next. Of two the earlier comes first, even where it is blocked by then
 * (kernel/signal.c, dequeue_synchronous_signal()): so the task cannot be made to run anything.
 */
bool ft_pending_comes_first(pid_t tid);
/* Whether a signal tells of a call that seccomp has refused (SECCOMP_RET_TRAP, _KILL_*). */
bool ft_pending_is_refusal(const siginfo_t *info);

#endif
