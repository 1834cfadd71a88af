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

/* From netlink.c: as bytes; a part. */
void ft_netlink_rest(struct ft_walk *walk, const struct ft_piece *p);
struct ft_piece ft_netlink_part(const struct ft_piece *p, uint64_t from, uint64_t size);

/* Messages, or attributes, one behind the other; each begins with its length. */
struct ft_chain {
	uint64_t head; /* bytes of each one's header */
	size_t length_size; /* bytes of the length */
	/* p: one with its whole header. */
	void (*show)(struct ft_walk *walk, const struct ft_piece *p, const void *data);
};

/* Several are in brackets, one is not; data: for `show`. */
void ft_netlink_chain(
	struct ft_walk *walk, struct ft_piece p, const struct ft_chain *chain, const void *data);

#endif
