/* Attributes of netlink's messages. */
#ifndef FT_DECODE_ATTRIBUTES_H
#define FT_DECODE_ATTRIBUTES_H

#include "decode/route.h"

/*
 * What values of attributes are, a letter for each type from 0 on: S a name, 1, 2, 4, 8 numbers of so many bytes, x and d
 * of four in hexadecimal or with a sign, h a hardware address, a one of the message's family, f, F, G and p flags, P a
 * protocol of sockets, A to D `structures`, l and L statistics, v lengths of queues, z what a socket was shut down for,
 * m what a socket's buffers hold, t what TCP tells of a connection, o options that are bits, g masks, u sockets, b text, N and M
 * attributes `nested`; others are shown as bytes.
 */
struct ft_attributes {
	unsigned set; /* names of types */
	const char *kinds;
	unsigned structures[4];
	const struct ft_attributes *nested[2];
	bool is_index; /* types are places in a list, whose elements are nested */
	bool is_nameless; /* types are numbers */
};

/* Several are in brackets, one is not; family: of addresses in them. */
void ft_attributes_shown(
	struct ft_walk *walk, const struct ft_attributes *of, uint8_t family, struct ft_piece p);

#endif
