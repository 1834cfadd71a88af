#ifndef FT_DECODE_COMPOSED_H
#define FT_DECODE_COMPOSED_H

#include "decode/text.h"

/* IOPRIO_PRIO_VALUE(class, data). */
void ft_put_ioprio(struct ft_text *text, uint32_t value);

#endif
