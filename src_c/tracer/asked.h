/* What other threads ask of the tracer thread, and what sleepers wait for: the bell rings for it. */
#ifndef FT_ASKED_H
#define FT_ASKED_H

#include "session/session.h"

/* The bell is hung, and rings at once if something was asked meanwhile. 0 or a negative errno. */
int ft_asked_hang_bell(struct ft_session *s);
/* It has rung, or was stopped by somebody. */
void ft_asked_serve(struct ft_session *s, const struct ft_stop *stop);

#endif
