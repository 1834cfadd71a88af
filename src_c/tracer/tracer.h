/* What the tracer thread's parts share. */
#ifndef FT_TRACER_H
#define FT_TRACER_H

#include "session/session.h"

/* The thread itself. */
void *ft_tracer_main(void *session);

/* What a stop means, and the task goes on. */
void ft_tracer_on_stop(struct ft_session *s, const struct ft_stop *stop);
/* It goes on from a call's stop, where it may have slept. */
void ft_tracer_leave_call_stop(struct ft_session *s, struct ft_task *t);

/* Options for PTRACE_SEIZE. */
long ft_tracer_seize_options(const struct ft_session *s);
/* A task to be traced from now on, and its process where it is new too. NULL: no memory. */
struct ft_task *ft_tracer_add_task(
	struct ft_session *s, pid_t tid, pid_t tgid, pid_t ppid, uint64_t now);

/*
 * A new task, at its first stop or at its parent's (0: unknown), whichever comes first. NULL: it is not
 * ours, or not any more.
 */
struct ft_task *ft_tracer_adopt(struct ft_session *s, pid_t tid, pid_t parent, uint64_t now);
/* One that nobody knows has ended: its parent may yet tell of its birth. */
void ft_tracer_died_unknown(struct ft_session *s, pid_t tid);

#endif
