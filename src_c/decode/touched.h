/* Which files each call of a trace has to do with. */
#ifndef FT_DECODE_TOUCHED_H
#define FT_DECODE_TOUCHED_H

#include "decode/touches.h"

struct ft_touched_row {
	uint32_t event;
	int32_t fd; /* -1: a path names it */
	int32_t name; /* its number; -1: not known */
};

struct ft_touched {
	struct ft_open_files *files;
	struct ft_touched_row *rows; /* of the events that were looked at last */
	size_t count, room;
	/* All names so far, one behind the other; where each ends; which have which hash. */
	uint8_t *names;
	size_t names_length, names_room;
	size_t *ends;
	uint32_t *slots; /* 1 + a number */
	size_t names_count, ends_room, slots_room;
	uint32_t event;
	int error;
};

int ft_touched_new(struct ft_touched **out);
void ft_touched_free(struct ft_touched *t);

/*
 * Events in the order in which they ended, of all tasks. A descriptor by its link, a path as it was given and as one
 * from the root; what a call makes, too. -ENOMEM.
 */
int ft_touched_look(struct ft_touched *t, const struct ft_event *events, const uint32_t *order,
	size_t count, const uint8_t *payload, size_t payload_length, uint64_t payload_base);
/* A name's bytes. */
const uint8_t *ft_touched_name(const struct ft_touched *t, size_t number, size_t *length);

#endif
