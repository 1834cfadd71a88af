/* Addresses of the internet. */
#ifndef FT_DECODE_SOCKETS_H
#define FT_DECODE_SOCKETS_H

#include "decode/walk.h"

/* One of this family; false: it has not its size. */
bool ft_inet_shown(struct ft_walk *walk, uint8_t family, const uint8_t *data, size_t length);

/* A field of two bytes in the order of the network. */
void ft_port_shown(struct ft_walk *walk, const char *name, const uint8_t *data);

/* A field of 16 bytes that has an address of this family. */
void ft_inet_field_shown(
	struct ft_walk *walk, const char *name, uint8_t family, const uint8_t *data);

#endif
