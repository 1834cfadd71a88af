/* Which task has which area. */
#ifndef FT_AREAS_H
#define FT_AREAS_H

#include "engine/inline/inline.h"
#include "engine/inline/run/run.h"

/* An area for a stopped task; it may need a mapping. 0 or a negative errno. */
int ft_space_area(struct ft_session *s, struct ft_inline_task *it, struct ft_standing *state);
void ft_space_release(struct ft_inline_task *it);

#endif
