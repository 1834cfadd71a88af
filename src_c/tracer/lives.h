/* How tasks come to be, become another program, and end. */
#ifndef FT_LIVES_H
#define FT_LIVES_H

#include "session/session.h"

/* At a birth event. */
void ft_lives_birth(struct ft_session *s, struct ft_task *parent, const struct ft_stop *stop);
/* At an exec event: who the task is from now on. leader: who had that tid; NULL: nobody that is known. */
struct ft_task *ft_lives_exec(
	struct ft_session *s, struct ft_task *leader, const struct ft_stop *stop);
/* At its exit event: how it ends, where that is enough to let it go. */
void ft_lives_ending(struct ft_session *s, struct ft_task *t);
/* Behind that: whether it has ended, as far as we are concerned. */
bool ft_lives_exiting(struct ft_session *s, struct ft_task *t, const struct ft_stop *stop);
/* The engine has let it go in the call that ends it. */
void ft_lives_let_go(struct ft_session *s, struct ft_task *t, const struct ft_stop *stop);
/* wait4 has told its end. */
void ft_lives_exited(struct ft_session *s, struct ft_task *t, const struct ft_stop *stop);
/* It is ours no more, though it may live on. */
void ft_lives_drop(struct ft_session *s, struct ft_task *t);

#endif
