/* A stopped task as it would be without us. */
#ifndef FT_NORMALISE_H
#define FT_NORMALISE_H

#include "engine/inline/inline.h"

/*
 * A stopped task as it would be without us: its instruction pointer in the program, its
 * record closed or dropped. Returns whether regs have changed.
 */
bool ft_normalise(struct ft_session *s, struct ft_task *t, struct user_regs_struct *regs);
/* Where a task goes on in the program whose call goes on at `ret`. */
uint64_t ft_normalise_after(struct ft_session *s, struct ft_task *t, uint64_t ret);
/* The site whose call goes on at `ret`. */
uint64_t ft_normalise_site(const struct ft_space *sp, uint64_t ret);

#endif
