/* A thread that empties blocks before tasks must wait for that. */
#ifndef FT_DRAINER_H
#define FT_DRAINER_H

#include "engine/inline/inline.h"

/* hot: do it often. With the lock held. */
void ft_drainer_start(struct ft_session *s, bool hot);
void ft_drainer_end(struct ft_session *s);

#endif
