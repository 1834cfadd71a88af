/* Times with what they are in other words. */
#ifndef FT_DECODE_TIMES_H
#define FT_DECODE_TIMES_H

#include "decode/walk.h"

/*
 * The date of a time whose fraction has so many digits; none of 0 and of years that have not four digits. In UTC: where
 * the trace is read may be another zone than where it was made.
 */
void ft_date_comment(struct ft_walk *walk, int64_t seconds, uint64_t fraction, unsigned digits);

#endif
