/* A process that runs already starts to record itself. */
#ifndef FT_ATTACH_H
#define FT_ATTACH_H

#include "engine/inline/inline.h"

/* See ft_engine.attached. */
bool ft_inline_attached(struct ft_session *s, struct ft_task *t);
/* Whether all threads record, so that what they run may be patched. */
bool ft_attach_is_complete(struct ft_session *s, struct ft_space *sp);
/* A task of such a process is let go. t NULL: the process has another program, or has ended. False: not at this stop. */
bool ft_attach_end(struct ft_session *s, struct ft_task *t);

#endif
