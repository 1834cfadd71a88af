/* Tasks that are made by tasks that record themselves. */
#ifndef FT_BIRTHS_H
#define FT_BIRTHS_H

#include "engine/inline/inline.h"

/* See struct ft_engine. */
bool ft_inline_defer(struct ft_session *s, const struct ft_stop *stop);
bool ft_inline_early(struct ft_session *s, pid_t tid, struct ft_stop *out);
void ft_inline_birth(struct ft_session *s, struct ft_task *parent, struct ft_task *child);
void ft_inline_born(struct ft_session *s, struct ft_task *t);
/* What a task has of its maker, whatever its birth was. */
void ft_inline_inherit(struct ft_task *child, const struct ft_task *parent);
/* The task is at its birth event, or has died: what must be known of it, if nobody looked before its call. */
void ft_inline_foresee_birth(struct ft_session *s, struct ft_task *t);
/* The task has died before it could tell of a child that has stopped already. */
void ft_inline_adopt_orphans(struct ft_session *s, struct ft_task *t);

#endif
