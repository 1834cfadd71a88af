/* What is mapped in a tracee. */
#ifndef FT_PLACING_H
#define FT_PLACING_H

#include "engine/inline/inline.h"

/* After an exec; the task stands at ip. 0 or a negative errno: then it is as it was. */
int ft_space_new(struct ft_session *s, struct ft_task *t, uint64_t ip, struct ft_space **out);
/* Of a process that was attached to, whose other threads may run. */
int ft_space_attach(struct ft_session *s, struct ft_task *t, struct ft_space **out);
/* The first areas of the child of a fork. */
int ft_space_place_areas(struct ft_session *s, struct ft_task *t);

#endif
