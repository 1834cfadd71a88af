/* What is known of descriptors besides what calls make of them: links that /proc told of, births, ends. */
#ifndef FT_DECODE_LINKS_H
#define FT_DECODE_LINKS_H

#include "decode/open_files.h"

/* Whose descriptors an event's task has; NULL: there are too many. */
struct ft_owner *ft_opened_owner(struct ft_open_files *f, const struct ft_event *ev);
/* The next item of type LINK, from `at` on, which moves; false: there is none, or the payload is cut. */
bool ft_link_next(const uint8_t *payload, size_t length, size_t *at, struct ft_payload *head,
	const uint8_t **bytes);

#endif
