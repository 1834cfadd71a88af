/* The lines of a story, one thing that happened after the other. */
#ifndef FT_DECODE_STORY_LINES_H
#define FT_DECODE_STORY_LINES_H

#include "decode/story_order.h"

/* Tells what is next of a task, for which there must be something. */
void ft_story_tell_one(struct ft_story *s, struct ft_story_task *t);

#endif
