/* Brief records become rows of the tally. */
#ifndef FT_BRIEF_DRAIN_H
#define FT_BRIEF_DRAIN_H

#include "engine/inline/inline.h"

/* Takes those up to this offset, in the same block. With ft_inline.lock held, after ft_tsc_mark(). */
void ft_brief_take(struct ft_session *s, struct ft_inline_task *it, uint32_t end);

#endif
