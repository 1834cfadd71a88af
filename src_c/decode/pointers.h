/* What pointers of a call point to: how much of it there is, read before or after the call. */
#ifndef FT_DECODE_POINTERS_H
#define FT_DECODE_POINTERS_H

#include "decode/walk.h"

/* What a pointer of this type points to; where that is not shown, its address. */
void ft_pointer_followed(struct ft_walk *walk, const struct ft_type *type, uint64_t address);

#endif
