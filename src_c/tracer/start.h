/* How a session begins; all by the tracer thread. */
#ifndef FT_START_H
#define FT_START_H

#include "session/session.h"

/* The command waits to exec; ft_start_done() follows when it has, or its exit when it could not. */
int ft_start_spawn(struct ft_session *s, enum ft_stage *stage);
/* All threads are seized and told to stop once. */
int ft_start_attach(struct ft_session *s, enum ft_stage *stage);
/* It did not: its execve, if it came to that, and its end are told of, then what was wrong. */
void ft_start_failed(struct ft_session *s, struct ft_task *t, const struct ft_stop *stop);
/* The command runs. */
void ft_start_done(struct ft_session *s, struct ft_task *t);

#endif
