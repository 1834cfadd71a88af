/* Tasks are made to record themselves. */
#ifndef FT_PREPARE_H
#define FT_PREPARE_H

#include "engine/inline/inline.h"
#include "engine/inline/run/run.h"

/* Why a stopped task cannot, as far as its state and its past tell; or FT_FALLBACK_NONE. */
enum ft_fallback ft_can_prepare(const struct ft_task *t, const struct user_regs_struct *regs);
/* And why it cannot where it was tried in vain. */
enum ft_fallback ft_prepare_failed(const struct ft_task *t);
/* Belongs to the space, but does not record yet. NULL: no memory. */
struct ft_inline_task *ft_prepare_new(struct ft_task *t, struct ft_space *sp);
/* Gets an area of its own and records from here on, once these registers are set. 0 or a negative errno. */
int ft_prepare_arm(struct ft_session *s, struct ft_task *t, struct ft_standing *state);
/* Both; on error the task is as before, and a space without other tasks is freed. Either way its registers are to be set. */
int ft_prepare_task(
	struct ft_session *s, struct ft_task *t, struct ft_space *sp, struct ft_standing *state);

/* Whether a handler of one of the signals that came since the mask was known may be running. */
bool ft_prepare_in_handler(const struct ft_task *t);

#endif
