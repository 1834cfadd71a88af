/* The memory that areas lie in. */
#ifndef FT_MEMORY_H
#define FT_MEMORY_H

#include "engine/inline/inline.h"

/* Room for the first of them. Returns a descriptor, and its path for a tracee; or a negative errno. self: our pid. */
int ft_memory_new(struct ft_space *sp, pid_t self, char path[48]);
/* The same of a memfd that the stopped task has just made, as its descriptor `theirs`. */
int ft_memory_take(struct ft_space *sp, const struct ft_task *t, int theirs);
/* The tracee has mapped FT_MEMORY_FIRST bytes of it: from now on it keeps its size and its pages. 0 or a negative errno. */
int ft_memory_seal(struct ft_space *sp, int fd);
void ft_memory_free(struct ft_space *sp);
/* What is left of others but so many is unmapped, which may interrupt other processors: when no task waits for us. */
void ft_memory_clear(struct ft_leftovers *left, int keep);
/* Where the tracee maps it. */
#define FT_MEMORY_BASE	FT_RECORDER_AREAS
#define FT_MEMORY_FIRST FT_AREA_STEP
/* The tracee maps more of it, by a stopped task: to the next whole chunk. 0 or a negative errno. */
int ft_memory_grow(struct ft_session *s, struct ft_task *t, struct ft_space *sp);

#endif
