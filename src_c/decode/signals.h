/* Signals by name. */
#ifndef FT_DECODE_SIGNALS_H
#define FT_DECODE_SIGNALS_H

#include "decode/text.h"
#include "decode/walk.h"

/* SIGTERM, SIGRTMIN, SIGRT_3; false: it is none, and nothing is written. */
bool ft_put_signal(struct ft_text *text, uint64_t number);
/* {mask=[]} of rt_sigreturn(2), if it was captured. */
void ft_sigreturn_shown(struct ft_walk *walk);

#endif
