/*
 * Processes whose memory the tracer may not open: what is not dumpable (PR_SET_DUMPABLE, a change of user), for
 * a tracer without CAP_SYS_PTRACE. What was opened before stays open; but the child of a fork is copied with
 * all that is patched and has memory of its own, of which not even PTRACE_POKETEXT gives anything away
 * (kernel/ptrace.c, ptrace_access_vm()). So such a process leaves the engine before it forks.
 */
#ifndef FT_DUMPABLE_H
#define FT_DUMPABLE_H

#include "engine/inline/inline.h"

/* Whether all memory may be opened anyway. */
bool ft_dumpable_is_privileged(void);
/* The task is about to make a child with memory of its own. */
enum ft_fallback ft_dumpable_fork(const struct ft_session *s, const struct ft_task *t);
/*
 * It is about to make a call that may make its process not dumpable: not while another thread is in a fork
 * before which it still was; nor may one fork until the call is known to be over.
 */
enum ft_fallback ft_dumpable_change(const struct ft_session *s, const struct ft_task *t);

#endif
