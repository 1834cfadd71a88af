/* Tasks that we make stop, and what that does to the calls that they wait in. */
#ifndef FT_INTERRUPT_H
#define FT_INTERRUPT_H

#include "session/task.h"

/*
 * The task stops soon, once: at any stop, for each takes the place of the one that is asked for
 * (kernel/signal.c, ptrace_stop()).
 */
void ft_interrupt(struct ft_task *t);
/* It has stopped, not at a call's entry: an EINTR that nobody but we have caused is mended. */
void ft_interrupt_settle(struct ft_task *t);

/*
 * A call has just ended: whether it did so only because we interrupt it, and will be made again. Then it
 * goes on for whoever counts: as it would without us.
 */
bool ft_interrupt_ended_call(struct ft_task *t);

#endif
