/* What a call returned, as text. */
#ifndef FT_DECODE_RESULT_H
#define FT_DECODE_RESULT_H

#include "decode/text.h"
#include "decode/walk.h"

/* What stands behind the "= ". red, reset: around an error. */
void ft_put_result(struct ft_text *text, struct ft_walk *walk, const char *red, const char *reset);

#endif
