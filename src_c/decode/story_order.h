/* A story, and in which order what happened is told: what of a task comes next, and when. */
#ifndef FT_DECODE_STORY_ORDER_H
#define FT_DECODE_STORY_ORDER_H

#include "decode/opened.h"
#include "decode/story.h"
#include "decode/story_tasks.h"

struct ft_story {
	struct ft_strace_style style;
	struct ft_strace_text st;
	struct ft_story_tasks tasks;
	struct ft_open_files *files; /* of sockets at least */
	bool tells_files; /* of all */
	struct ft_task_names *names; /* NULL: they are not told */
	int32_t current; /* whose call's line is not ended; 0: none is */
	size_t alive;
};

/* Whether only calls that end in some ways are told, each when it has ended. */
bool ft_story_is_filtered(const struct ft_story *s);
/* When the first call ends, as far as is known. */
uint64_t ft_story_end_of(const struct ft_story_task *t, const struct ft_story_call *call);
/* Whether it makes a call end, which is told first. */
bool ft_story_interrupts(const struct ft_event *other);
/* Whether the first of the others comes before the call: on a tie the call does. */
bool ft_story_other_is_next(
	const struct ft_story *s, const struct ft_story_task *t, const struct ft_story_call *call);
/* Something of the task has come or has been told. */
void ft_story_update(struct ft_story *s, struct ft_story_task *t);

#endif
