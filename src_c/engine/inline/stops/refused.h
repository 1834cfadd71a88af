/* Calls that seccomp answers by SIGSYS (SECCOMP_RET_TRAP). */
#ifndef FT_REFUSED_H
#define FT_REFUSED_H

#include <signal.h>

#include "engine/inline/inline.h"

/* It comes at the task's next stop; until then the task cannot be made to run anything: that came first. */
bool ft_refused_is_pending(const struct ft_task *t);
/* Whether the task, with these registers, comes out of one. The signal is pending or stands before it. */
bool ft_refused(const struct ft_task *t, const struct user_regs_struct *regs);
/* The same of a call that does not come back where it is made. */
bool ft_refused_sigreturn(const struct ft_task *t, const struct user_regs_struct *regs);
/* What was begun does not end: no result is recorded. ft_inline.lock is held. */
void ft_refused_cut(struct ft_session *s, struct ft_task *t);
/* The task stands before that signal, with its program's own registers by now: it says where the call was made. */
void ft_refused_mend(const struct ft_task *t, siginfo_t *info);

#endif
