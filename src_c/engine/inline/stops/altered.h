/* Calls that ft_plan_has(). */
#ifndef FT_ALTERED_H
#define FT_ALTERED_H

#include "engine/inline/inline.h"

/* Whether the ptrace engine must see to such a call. */
bool ft_altered_elsewhere(const struct ft_inline *in, uint64_t nr);
/* Whether the tracer has the task make such a call another way: about signals that the engine uses, or seccomp filters. */
bool ft_altered_is_ours(const struct user_regs_struct *regs);
/* It is made and told of, and the task goes on behind it. False: it cannot be. */
bool ft_altered_make(
	struct ft_session *s, struct ft_task *t, struct user_regs_struct *regs, uint64_t ret);
/* The task is about to make such a call, which goes on at `ret`: where it shall go on now. */
void ft_altered_start(
	struct ft_session *s, struct ft_task *t, struct user_regs_struct *regs, uint64_t ret);
/* It is seen elsewhere: perhaps it has not made it. */
void ft_altered_shown(struct ft_session *s, struct ft_task *t, const struct user_regs_struct *regs);
/* It stands at one of the two. As ft_engine.call_stop. */
int ft_altered_stop(struct ft_session *s, struct ft_task *t, const struct ft_stop *stop);
/* As in struct ft_engine. */
void ft_altered_show_registers(struct ft_session *s, struct ft_task *t, struct ft_registers *r);
void ft_altered_hide_registers(struct ft_session *s, struct ft_task *t, struct ft_registers *r);

#endif
