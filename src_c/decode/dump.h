/* What a call read or wrote, in hexadecimal. */
#ifndef FT_DECODE_DUMP_H
#define FT_DECODE_DUMP_H

#include "decode/strace_text.h"

/* Behind the line of a call that has ended, if its descriptor is one of those that the style names. */
void ft_put_dumps(
	struct ft_text *text, const struct ft_walk *walk, const struct ft_strace_style *style);

#endif
