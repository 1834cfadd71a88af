/* Messages of netlink: NETLINK_ROUTE's as they mean, of other protocols their headers. */
#ifndef FT_DECODE_NETLINK_H
#define FT_DECODE_NETLINK_H

#include "decode/walk.h"

/* The protocol of the descriptor that a call is given to send or receive with; -1: it is none, or not known. */
int ft_netlink_protocol(struct ft_walk *walk);
/* size: bytes of the buffer, of which memory has what was copied. false: there is no message. */
bool ft_netlink_shown(struct ft_walk *walk, const struct ft_memory *memory, uint64_t size);

#endif
