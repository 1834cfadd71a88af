/* Signals that came while a task was made to run code of ours: they come when it goes on. */
#ifndef FT_HELD_H
#define FT_HELD_H

#include "kernel/wait.h"
#include "session/session.h"

/* Returns what the task must get now: one that is blocked by then, which queues it. */
int ft_held_keep(struct ft_task *t, const struct ft_stop *stop);
/* The task goes on with sig, or 0. Returns what it gets: the one that is held, if it may come now. */
int ft_held_give(struct ft_session *s, struct ft_task *t, int sig);
/* And goes without us: what is held comes now or never. */
int ft_held_give_last(struct ft_session *s, struct ft_task *t, int sig);

#endif
