/* The table of what to do with which number, and the numbers that need the tracer. */
#ifndef FT_VERDICT_H
#define FT_VERDICT_H

#include "engine/inline/inline.h"

void ft_verdict_slow(struct ft_inline *in);
void ft_verdict_table(const struct ft_session *s, struct ft_inline *in, uint8_t *verdicts);
bool ft_verdict_is_slow(const struct ft_inline *in, uint64_t nr);

#endif
