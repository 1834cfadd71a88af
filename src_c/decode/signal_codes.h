/* Why a signal came: its si_code by name. */
#ifndef FT_DECODE_SIGNAL_CODES_H
#define FT_DECODE_SIGNAL_CODES_H

#include "decode/text.h"

void ft_put_signal_code(struct ft_text *text, uint32_t number, int32_t code);

#endif
