/* Sites are led to the recorder. t: a stopped task of the space. */
#ifndef FT_PATCH_H
#define FT_PATCH_H

#include "engine/inline/inline.h"

/* The site that the task stopped at with this number, and what else is known of its file. */
int ft_patch_learn(struct ft_session *s, struct ft_task *t, uint64_t address, uint32_t nr);
/* What is known of the file that this text is mapped from. */
void ft_patch_known(struct ft_session *s, struct ft_task *t, const struct ft_mapping *text);
/*
 * What children of a process have found out of its program's files since: so its next child need not come to the same
 * sites again. The task may stand anywhere.
 */
void ft_patch_catch_up(struct ft_session *s, struct ft_task *t);

#endif
