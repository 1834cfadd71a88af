/* Tasks that stay at a stop until their time has come, while the tracer goes on. */
#ifndef FT_DELAY_H
#define FT_DELAY_H

#include "session/session.h"

/* The task shall stay where it stands for so long. */
void ft_delay(struct ft_task *t, uint64_t ns);
/* When the bell must ring for the next of them; 0: none sleeps. */
uint64_t ft_delay_next(struct ft_session *s);
/* One whose time has come (all: any that sleeps), which now sleeps no more; NULL: none. */
struct ft_task *ft_delay_wake(struct ft_session *s, uint64_t now, bool all);

#endif
