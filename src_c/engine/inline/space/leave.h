/* Back to the ptrace engine. */
#ifndef FT_LEAVE_H
#define FT_LEAVE_H

#include "engine/inline/inline.h"

enum ft_fallback; /* fasttrace.h */
/* The whole process; t, stopped at a place outside the recorder, at once, the others at their next stops. */
void ft_leave(struct ft_session *s, struct ft_task *t, enum ft_fallback why);
/* t alone, whose space is leaving. */
void ft_leave_task(struct ft_session *s, struct ft_task *t);
/* It has ended, or its address space has. */
void ft_inline_task_free(struct ft_session *s, struct ft_task *t);

#endif
