/* What a call's thread ran in Python, read from its memory: see python/stack.h. */
#ifndef FT_SESSION_PYTHON_H
#define FT_SESSION_PYTHON_H

#include "session/session.h"

/*
 * A payload item of the frames of a task that stands at a call, if it is one of a CPython's that we know; memory: a
 * task whose memory it is. Returns its size, or 0.
 */
size_t ft_python_capture(
	struct ft_session *s, struct ft_task *t, pid_t memory, uint8_t *to, size_t room);
/* Whether there is a CPython in the task's memory by now. */
bool ft_python_is_there(struct ft_session *s, struct ft_task *t);
/* Whether its new program has one, or links to one that is still to be loaded. */
bool ft_python_is_expected(struct ft_session *s, struct ft_task *t);

/* The child has its parent's memory, or a copy of it. */
void ft_python_inherit(struct ft_task *child, const struct ft_task *parent);
/* Its memory is another one from now on, or it ends. */
void ft_python_forget(struct ft_task *t);

#endif
