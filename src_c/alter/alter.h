/*
 * Calls that are altered on their way: by injections (rules that count), and by handlers in another
 * thread (handover.h). Engines call in at each entry and exit that they see.
 */
#ifndef FT_ALTER_H
#define FT_ALTER_H

#include "session/session.h"

/*
 * The task stands at the entry of a call whose event, if there is one, is begun: decides, waits for a
 * handler, and changes the task. May take as long as the handler.
 */
void ft_alter_entry(struct ft_session *s, struct ft_task *t, enum ft_abi abi, uint64_t nr,
	const uint64_t args[6]);
/* What is known of a call before it is made. */
enum ft_foresight {
	FT_FORESEE_NOTHING, /* decide at its entry */
	FT_FORESEE_UNTOUCHED, /* it goes on as it is */
	FT_FORESEE_REPLY, /* it is not made; all is recorded */
};

/* The task is about to make a call that ft_plan_has(). If something is foreseen, the call is counted. */
enum ft_foresight ft_alter_foresee(struct ft_session *s, struct ft_task *t, enum ft_abi abi,
	uint64_t nr, const uint64_t args[6], uint64_t now, int64_t *ret);
/* It is not made: it will come again. */
void ft_alter_unforesee(struct ft_session *s, struct ft_task *t, enum ft_abi abi, uint64_t nr);
/* Whether a result is an error number. */
static inline bool ft_alter_is_error(int64_t ret)
{
	return ret < 0 && ret >= -FT_ERRNO_MAX;
}

/*
 * The call cannot be made where it stands, but will come again from the same place: what is decided is
 * kept for then. place: the registers that it will come with; changed: those it shall have. Without
 * memory for that it is decided anew.
 */
void ft_alter_keep(
	struct ft_task *t, const struct ft_registers *place, const struct ft_registers *changed);
/* Whether something is to be done when the call ends. */
bool ft_alter_needs_exit(const struct ft_task *t);
/* It has ended. *ret: the result, as the program gets it. Returns whether that has been replaced. */
bool ft_alter_exit(struct ft_session *s, struct ft_task *t, int64_t *ret);

#endif
