/*
 * The tracer thread waits for all tasks at once. Where it has to wait for one of them (which runs code of an
 * engine's), the others are served meanwhile, from inside what is being done for that one.
 */
#ifndef FT_WAITING_H
#define FT_WAITING_H

#include "session/session.h"

/* What is being done for a task: until it is done no stop is dealt with of those that share its memory. */
struct ft_frame {
	struct ft_frame *outer;
	pid_t tgid;
	const void *memory; /* see ft_engine.memory_of */
};

void ft_waiting_enter(struct ft_session *s, struct ft_frame *frame, const struct ft_task *t);
void ft_waiting_leave(struct ft_session *s);
bool ft_waiting_is_busy(struct ft_session *s, const struct ft_task *t);

/*
 * The next stop of a task that runs code of the engine's, which takes microseconds. -ETIMEDOUT: it spins or sleeps
 * there, and is killed, if it was spawned; or another negative errno.
 */
int ft_waiting_for(struct ft_session *s, pid_t tid, struct ft_stop *stop);

/* For struct ft_watchdog: the tracer thread has waited for a while. */
void ft_waiting_late(void *session);

#endif
