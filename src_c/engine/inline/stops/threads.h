/* Threads come and go by the thousand: what can be done with fewer stops for them. */
#ifndef FT_THREADS_H
#define FT_THREADS_H

#include "engine/inline/inline.h"

/*
 * A task that makes a thread by clone(2) or clone3(2), before which it stands, may make the next one without a stop: see
 * struct ft_birth. That one is told of at its own first stop, though its maker may have ended by then.
 */
void ft_threads_allow(struct ft_session *s, struct ft_task *t, uint32_t nr);
/*
 * See struct ft_engine. Of those on their way nobody knows: until they have come their process neither leaves the engine
 * nor gets a seccomp filter.
 */
struct ft_task *ft_threads_untold(struct ft_session *s, const struct ft_stop *stop);
bool ft_threads_are_awaited(struct ft_session *s, struct ft_task *t);

/* Whether this call, before which the task stands, ends a thread that need not be seen to end. */
bool ft_threads_can_end(
	const struct ft_session *s, struct ft_task *t, const struct user_regs_struct *regs);
/* It makes that call on its own: ft_task.let_go, if it could be let go. */
void ft_threads_end(struct ft_session *s, struct ft_task *t, struct user_regs_struct *regs);

#endif
