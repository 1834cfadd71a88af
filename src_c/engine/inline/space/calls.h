/* Snippets in which a task maps what is ours. */
#ifndef FT_CALLS_H
#define FT_CALLS_H

#include "engine/inline/inline.h"
#include "engine/inline/run/snippet.h"

/* path: the snippet's string. fd: a descriptor of the task's; -1: that which it has just opened. */
void ft_calls_map_areas(struct ft_snippet *c, int path);
void ft_calls_map_areas_of(struct ft_snippet *c, int fd);
/* The child of a fork has no business with our records of its parent. */
void ft_calls_hide_areas(struct ft_snippet *c);
void ft_calls_map_code(struct ft_snippet *c, int path);
/* Memory of the task's own, for code that is written into it. */
void ft_calls_map_empty(struct ft_snippet *c, uint64_t base, uint64_t size);
/* The last of all: what it calls from then on traps. */
void ft_calls_arm(struct ft_snippet *c);

/*
 * A page that all have with the recorder: code by which the child of a fork maps its first areas, and, for it, the paths
 * of our descriptors.
 */
void ft_calls_birth_code(struct ft_inline *in, uint8_t page[FT_RECORDER_BIRTHS_SIZE]);
/* That code, for a descriptor of ours. False: it is not for this one, or this task. */
bool ft_calls_birth(
	const struct ft_inline *in, const struct ft_task *t, int fd, struct ft_snippet *out);

#endif
