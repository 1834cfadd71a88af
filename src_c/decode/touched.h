/* Which files each call of a trace has to do with. */
#ifndef FT_DECODE_TOUCHED_H
#define FT_DECODE_TOUCHED_H

#include "decode/touches.h"
#include "decode/words.h"

struct ft_touched_row {
	uint32_t event;
	int32_t fd; /* -1: a path names it */
	int32_t name; /* its number; -1: not known */
};

struct ft_touched {
	struct ft_open_files *files;
	struct ft_touched_row *rows; /* of the events that were looked at last */
	size_t count, room;
	struct ft_words *names; /* all so far */
	uint64_t forgotten; /* so many were before them */
	uint32_t event;
	int error;
};

/* seed: see words.h. */
int ft_touched_new(struct ft_touched **out, uint64_t seed);
void ft_touched_free(struct ft_touched *t);

/*
 * Events in the order in which they ended, of all tasks. A descriptor by its link, a path as it was given and as one
 * from the root; what a call makes, too. -ENOMEM.
 */
int ft_touched_look(struct ft_touched *t, const struct ft_event *events, const uint32_t *order,
	size_t count, const uint8_t *payload, size_t payload_length, uint64_t payload_base);
/* The names; what descriptors are is still known. The next one is number 0. */
void ft_touched_forget(struct ft_touched *t);

#endif
