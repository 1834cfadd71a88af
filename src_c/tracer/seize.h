/* All threads of a process that runs become ours. By the tracer thread, but for ft_seize_late(). */
#ifndef FT_SEIZE_H
#define FT_SEIZE_H

#include "session/session.h"

/*
 * They are seized, and told to stop once. *tgid: the process of the task that was asked for. 0 or a negative errno;
 * -ESRCH: there is none; -EAGAIN: other threads of it exec without end.
 */
int ft_seize_process(struct ft_session *s, pid_t asked, pid_t *tgid);
/* The first stop of one that was seized, or of its child: it gets the options that it was seized without. */
void ft_seize_complete(struct ft_session *s, struct ft_task *t);
/*
 * Whether a leader that we know has gone without a word: so it does where a thread that is not ours execs (ptrace(2),
 * "execve(2) under ptrace"), which has its tid then.
 */
bool ft_seize_is_lost(const struct ft_session *s, pid_t pid);
/* For struct ft_watchdog: a seizure lasts. What it may wait for is done. */
void ft_seize_late(struct ft_session *s);

#endif
