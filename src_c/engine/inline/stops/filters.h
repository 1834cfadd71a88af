/* Seccomp filters that a program installs while it records itself. */
#ifndef FT_FILTERS_H
#define FT_FILTERS_H

#include "engine/inline/inline.h"

/* Whether a call installs one. */
bool ft_filters_is_call(const struct user_regs_struct *regs);
/*
 * Makes such a call of the task, which stands in front of it, if the process can record itself afterwards. 0: *result
 * is what it gives, or a negative errno: it is not made.
 */
int ft_filters_call(struct ft_session *s, struct ft_task *t, const struct user_regs_struct *regs,
	int64_t *result);

/*
 * Of a thread that was attached to: its filters become known, where we may read them (CAP_SYS_ADMIN). Whether it can
 * record itself under them, with others.
 */
bool ft_filters_look(struct ft_task *t);

#endif
