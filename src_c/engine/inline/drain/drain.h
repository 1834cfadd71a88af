/* Records become events. All with ft_inline.lock held. */
#ifndef FT_DRAIN_H
#define FT_DRAIN_H

#include "engine/inline/inline.h"

/*
 * Neither the start nor the end of a call lies ahead, or before what its task did last, whatever it wrote. One counter
 * for all processors, but not to the last tick.
 */
static inline void ft_drain_bound(uint64_t last, uint64_t now, uint64_t *start, uint64_t *end)
{
	if (*end > now)
		*end = now;
	if (*start > now)
		*start = now;
	if (*start < last)
		*start = last;
	if (*end < *start)
		*end = *start;
}

/* What is finished, of a task that stands still somewhere else than ft_recorder_is_returning(), or has gone. */
void ft_drain(struct ft_session *s, struct ft_inline_task *it);
/* Of one that may be anywhere: an rt_sigreturn that was recorded last may not have been made yet. */
void ft_drain_running(struct ft_session *s, struct ft_inline_task *it);
/* A task that stands there: that one is under way again, or has failed. False: there is none. */
bool ft_drain_take_back(struct ft_inline_task *it, bool failed);
/* The task is at the end of a block: gives it the next one, emptied if need be. */
void ft_drain_next_block(struct ft_session *s, struct ft_inline_task *it);
/* An rt_sigreturn that has been made. */
void ft_drain_sigreturn(struct ft_session *s, struct ft_inline_task *it);
/* A call that is under way while its task ends, or its program. */
void ft_drain_begun(struct ft_session *s, struct ft_inline_task *it);
/* The record under way, if there is one, ends now, with this result. */
void ft_drain_close(
	struct ft_session *s, struct ft_inline_task *it, struct ft_area_seen *seen, int64_t ret);

#endif
