/* What messages of NETLINK_ROUTE have behind their headers: of links, addresses, routes, neighbours. */
#ifndef FT_DECODE_ROUTE_H
#define FT_DECODE_ROUTE_H

#include "decode/walk.h"

/* Bytes of a message: size of them, of which length were copied. */
struct ft_piece {
	const uint8_t *data;
	size_t length;
	uint64_t size;
};

/* p has one byte at least. */
void ft_route_shown(struct ft_walk *walk, uint32_t type, const struct ft_piece *p);
/* What an error says beside its number (NLMSGERR_ATTR_*). */
void ft_route_error_attributes(struct ft_walk *walk, const struct ft_piece *p);

/* From netlink.c: as bytes; a part; "..."; how far it is to the next of what begins with its length, 0: there is none. */
void ft_netlink_rest(struct ft_walk *walk, const struct ft_piece *p);
struct ft_piece ft_netlink_part(const struct ft_piece *p, uint64_t from, uint64_t size);
void ft_netlink_more(struct ft_walk *walk);
uint64_t ft_netlink_step(uint64_t length, uint64_t head, uint64_t size);

#endif
