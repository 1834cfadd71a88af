/* Stops that the engine itself has caused. */
#ifndef FT_TRAPS_H
#define FT_TRAPS_H

#include "engine/inline/inline.h"

/* A stop by a signal. True: it was one of ours, and the task runs again. */
bool ft_inline_signal(struct ft_session *s, struct ft_task *t, const struct ft_stop *stop);

#endif
