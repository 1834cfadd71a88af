/* Programs of BPF, classic and new. */
#ifndef FT_DECODE_BPF_H
#define FT_DECODE_BPF_H

#include "decode/walk.h"

/* An array of instructions, which is shown where nothing is abbreviated. */
bool ft_is_program(const struct ft_type *type);

#endif
