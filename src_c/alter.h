/*
 * Calls that are altered on their way: by injections (rules that count), and by handlers in another
 * thread (handover.h). Engines call in at each entry and exit that they see.
 */
#ifndef FT_ALTER_H
#define FT_ALTER_H

#include "session.h"

/* What shall be altered; *out is NULL if nothing. 0; -ENOMEM; -EINVAL: no such ABI, number or argument,
 * or two injections for one number. */
int ft_plan_new(struct ft_plan **out, const struct ft_config *config);
void ft_plan_free(struct ft_plan *plan);

/* Whether a call of this number may be altered. */
bool ft_alter_may(const struct ft_session *s, enum ft_abi abi, uint64_t nr);

/*
 * The task stands at the entry of a call whose event, if there is one, is begun: decides, waits for a
 * handler, and changes the task. May take as long as the handler.
 */
void ft_alter_entry(struct ft_session *s, struct ft_task *t, enum ft_abi abi, uint64_t nr,
	const uint64_t args[6]);
/*
 * The call cannot be made where it stands, but will come again from the same place: what is decided is
 * kept for then. place: the registers that it will come with; changed: those it shall have. False: no
 * memory, it is decided anew.
 */
bool ft_alter_keep(
	struct ft_task *t, const struct ft_registers *place, const struct ft_registers *changed);
/* Whether something is to be done when the call ends. */
bool ft_alter_needs_exit(const struct ft_task *t);
/* It has ended. *ret: the result, as the program gets it. Returns whether that has been replaced. */
bool ft_alter_exit(struct ft_session *s, struct ft_task *t, int64_t *ret);

#endif
