/* Protocols of netlink: which types and flags their messages have, and what is in them. */
#ifndef FT_DECODE_PROTOCOLS_H
#define FT_DECODE_PROTOCOLS_H

#include "decode/route.h"

void ft_message_type_shown(struct ft_walk *walk, uint32_t type);
/* The set of flags that a message of this type can have. */
unsigned ft_message_flags(const struct ft_walk *walk, uint32_t type);
/* What is behind the header of one that is not netlink's own. */
void ft_message_shown(
	struct ft_walk *walk, uint32_t type, uint32_t flags, const struct ft_piece *p);

/* From sock_diag.c; p has one byte at least. */
void ft_sock_diag_shown(
	struct ft_walk *walk, uint32_t type, uint32_t flags, const struct ft_piece *p);

#endif
