/* Threads come and go by the thousand: what can be done with fewer stops for them. */
#ifndef FT_THREADS_H
#define FT_THREADS_H

#include "engine/inline/inline.h"

/* Whether this call, before which the task stands, ends a thread that need not be seen to end. */
bool ft_threads_can_end(
	const struct ft_session *s, const struct ft_task *t, const struct user_regs_struct *regs);
/* It makes that call on its own: ft_task.let_go, if it could be let go. */
void ft_threads_end(struct ft_session *s, struct ft_task *t, struct user_regs_struct *regs);

#endif
