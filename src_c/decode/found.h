/* What poll(2), select(2) and others found, which stands behind their results. */
#ifndef FT_DECODE_FOUND_H
#define FT_DECODE_FOUND_H

#include "decode/walk.h"

#define FT_POLLED_MAX 4096 /* elements of poll(2) that are looked at */

/* Of the elements that poll was given the next one in which something happened, which `memory` then begins with. */
bool ft_found_next(struct ft_memory *memory);
/* The elements as they were behind the call. */
struct ft_memory ft_found_polled(const struct ft_walk *walk);
/* The set of select that has number i, 0 to 2: found in it is what is set; false: nothing. */
bool ft_found_selected(const struct ft_walk *walk, int i, struct ft_memory *memory);
/* What is left of the time, and its structure; false: that is not told. */
bool ft_found_left(const struct ft_walk *walk, struct ft_memory *memory, unsigned *structure);

/* Of a call that tells more in the structure of its last argument, that. */
struct ft_memory ft_found_behind(const struct ft_walk *walk);

/* All of it as one structure, by names; false: this call finds nothing. */
bool ft_found_shown(struct ft_walk *walk);

#endif
