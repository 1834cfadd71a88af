/* Tasks become ours: whose they are, and how they are seized. All by the tracer thread. */
#ifndef FT_ADOPT_H
#define FT_ADOPT_H

#include "session/session.h"

/* Options for PTRACE_SEIZE. */
long ft_adopt_options(const struct ft_session *s);
/* A task to be traced from now on, and its process where it is new too. NULL: no memory. */
struct ft_task *ft_adopt_known(
	struct ft_session *s, pid_t tid, pid_t tgid, pid_t ppid, uint64_t now);

/*
 * A new task, at its first stop or at its parent's (0: unknown), whichever comes first. how: enum ft_fork, as its
 * parent's stop said. NULL: it is not ours, or not any more.
 */
struct ft_task *ft_adopt(struct ft_session *s, pid_t tid, pid_t parent, int how, uint64_t now);

/* Whether a task is one of the process's. */
bool ft_adopt_is_member(pid_t tgid, pid_t tid);

#endif
