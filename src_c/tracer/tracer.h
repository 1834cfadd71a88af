/* What the tracer thread's parts share. */
#ifndef FT_TRACER_H
#define FT_TRACER_H

#include "session/session.h"

/* The thread itself. */
void *ft_tracer_main(void *session);

/* It goes on from a call's stop, where it may have slept. */
void ft_tracer_leave_call_stop(struct ft_session *s, struct ft_task *t);

#endif
