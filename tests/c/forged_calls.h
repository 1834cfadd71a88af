/* What the recorder writes into a forged area. */
#ifndef FT_FORGED_CALLS_H
#define FT_FORGED_CALLS_H

#include "forged.h"

#define EVENTS (FT_OPT_EVENTS | FT_OPT_TALLY | FT_OPT_PAYLOAD)

/* The next call, as the recorder writes it. False: it is at the end of an area without a free block. */
static inline bool put_call(struct forged *f, uint64_t nr)
{
	struct ft_area *area = (struct ft_area *)f->area;
	struct ft_raw *raw = (struct ft_raw *)(f->area + (area->cur - FORGED_BASE));

	*raw = (struct ft_raw){ .start = ft_tsc_now(), .nr = nr, .ret = -2 };
	area->busy = area->cur;
	raw->end = ft_tsc_now();
	return forged_step(f, sizeof(*raw));
}

#endif
