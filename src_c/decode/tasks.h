/* Arguments of clone(2) and of execve(2). */
#ifndef FT_DECODE_TASKS_H
#define FT_DECODE_TASKS_H

#include "decode/walk.h"

/* All of the arguments: which there are depends on the flags, and their order on the architecture. */
void ft_clone_shown(struct ft_walk *walk);
/* What clone3(2) wrote behind pointers of its structure. */
void ft_clone3_written(struct ft_walk *walk);
/* A vector of strings that a NULL ends; how many there are. */
bool ft_strings_shown(struct ft_walk *walk, const struct ft_memory *vector);
bool ft_environment_shown(struct ft_walk *walk, const struct ft_memory *vector);

/* What an argument of the call is; 0 where it has none of that name. */
uint64_t ft_argument_named(const struct ft_walk *walk, const char *name);

#endif
