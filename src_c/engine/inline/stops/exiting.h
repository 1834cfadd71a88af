/* The last stop of a task: PTRACE_EVENT_EXIT. */
#ifndef FT_INLINE_EXITING_H
#define FT_INLINE_EXITING_H

#include "engine/inline/inline.h"

/* What it was in the middle of is recorded. See ft_engine.exiting. */
void ft_inline_exiting(struct ft_session *s, struct ft_task *t);

#endif
