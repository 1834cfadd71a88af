/* What is mapped in a tracee. */
#ifndef FT_PLACING_H
#define FT_PLACING_H

#include "engine/inline/inline.h"
#include "engine/inline/run/run.h"

/* After an exec. text: what the task stands in. 0 or a negative errno: then it is as it was, but for its registers. */
int ft_space_new(struct ft_session *s, struct ft_task *t, struct ft_standing *state,
	struct ft_mapping *text, struct ft_space **out);
/* Of a process that was attached to, whose other threads may run. */
int ft_space_attach(struct ft_session *s, struct ft_task *t, struct ft_space **out);
/* The first areas of the child of a fork. */
int ft_space_place_areas(struct ft_session *s, struct ft_task *t, struct ft_standing *state);

#endif
