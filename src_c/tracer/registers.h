/* Registers of tasks, for any thread that asks: the tracer thread stops the task for it. */
#ifndef FT_REGISTERS_H
#define FT_REGISTERS_H

#include "session/session.h"

/* All by the tracer thread. */
/* The bell has rung: serves those whose task stands at a stop, and stops the others. */
void ft_registers_asked(struct ft_session *s);
/* The task stands at a stop where its registers are as the program knows them. */
void ft_registers_serve(struct ft_session *s, struct ft_task *t);
/* It ends, or is let go, or gets another tid. */
void ft_registers_forget(struct ft_session *s, struct ft_task *t);
/* The session has ended. With its lock held. */
void ft_registers_end(struct ft_session *s);
/* Whether somebody has asked since the bell was last answered. With the lock held. */
bool ft_registers_unseen(const struct ft_session *s);

#endif
