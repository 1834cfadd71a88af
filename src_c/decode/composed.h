#ifndef FT_DECODE_COMPOSED_H
#define FT_DECODE_COMPOSED_H

#include "decode/text.h"
#include "decode/walk.h"

/* IOPRIO_PRIO_VALUE(class, data). */
void ft_put_ioprio(struct ft_text *text, uint32_t value);

/* An element of an array whose indices have names: "[NAME]=number". shown: FT_HEX or FT_UNSIGNED. */
void ft_indexed_shown(
	struct ft_walk *walk, unsigned set, unsigned index, uint64_t value, enum ft_shown_as shown);

#endif
