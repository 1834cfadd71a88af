/* Address spaces. */
#ifndef FT_SPACE_H
#define FT_SPACE_H

#include "engine/inline/inline.h"

/* For the child of a fork, which has a copy of the parent's patches. */
int ft_space_fork(struct ft_session *s, struct ft_task *t, const struct ft_space *from,
	struct ft_space **out);
/* Without a tracee's part. NULL: no memory. */
struct ft_space *ft_space_alloc(struct ft_inline *in, pid_t pid);
void ft_space_free(struct ft_space *sp);
/* Whether one task alone has it, which can take away what is mapped. */
bool ft_space_is_last(const struct ft_space *sp);

#endif
