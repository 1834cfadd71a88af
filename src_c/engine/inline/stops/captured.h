/* What the tracer has to do with what arguments point to, where the recorder does not copy it by itself. */
#ifndef FT_CAPTURED_H
#define FT_CAPTURED_H

#include "engine/inline/inline.h"

/*
 * Before a call that the tracer looks at, under s->in->lock: what was recorded before is taken, there is
 * room in the area again, and what the recorder will not copy is captured.
 */
void ft_captured_before(
	struct ft_session *s, struct ft_task *t, const struct user_regs_struct *regs);
/* Where the recorder makes this call, which is to be recorded. */
uint64_t ft_captured_way(
	struct ft_session *s, struct ft_task *t, const struct user_regs_struct *regs);
/*
 * Behind a call, with its record not closed yet, under that lock: all that its program copies there.
 */
void ft_captured_after(
	struct ft_session *s, struct ft_task *t, const struct ft_area_seen *seen, int64_t ret);
/* By now its signal mask, and the actions of its process, allow a fault in the recorder, or not. */
void ft_captured_allow(struct ft_inline_task *it);
/* The task stands there: whether the recorder has seen its handlers return becomes known. */
void ft_captured_settle(struct ft_inline_task *it, uint64_t ip);

#endif
