/* What NETLINK_SOCK_DIAG answers that has bits in it. */
#ifndef FT_DECODE_SOCK_DIAG_H
#define FT_DECODE_SOCK_DIAG_H

#include "decode/route.h"

/* struct tcp_info, of older kernels too; false: too short to say anything. */
bool ft_tcp_info_shown(struct ft_walk *walk, const struct ft_piece *p);
/* struct inet_diag_sockopt: at least two bytes. */
void ft_socket_bits_shown(struct ft_walk *walk, const struct ft_piece *p);

#endif
