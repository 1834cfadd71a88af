/* A stopped task goes on, or is let go. */
#ifndef FT_RESUME_H
#define FT_RESUME_H

#include "session/session.h"

/* With a signal or 0. */
void ft_resume(struct ft_session *s, struct ft_task *t, int sig);
/* From a call's stop, where it may have slept. */
void ft_resume_call(struct ft_session *s, struct ft_task *t);

#endif
