#ifndef FT_DECODE_SIGINFO_H
#define FT_DECODE_SIGINFO_H

#include "decode/walk.h"

/* A struct siginfo of the walk's ABI, of which FT_SIGINFO_SIZE bytes are there. */
void ft_siginfo_shown(struct ft_walk *walk, const uint8_t *data);

#endif
