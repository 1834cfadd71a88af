/* The processor's time-stamp counter as CLOCK_MONOTONIC. */
#ifndef FT_TSC_H
#define FT_TSC_H

#include <stdint.h>

#define FT_TSC_POINTS 4096

/*
 * Pairs of both clocks, read at one moment; between two of them time is a straight line. NTP bends
 * CLOCK_MONOTONIC slowly, so old pairs may lie further apart.
 */
struct ft_tsc {
	struct ft_tsc_point {
		uint64_t tsc, ns;
		uint64_t scale; /* ns per tick up to the next point, times 2^32 */
	} *points;
	int count;
	uint64_t interval_ns;
};

/* Whether the counter runs at one rate in all states and the kernel itself trusts it. */
int ft_tsc_usable(void);
/* 0 or -ENOMEM. */
int ft_tsc_start(struct ft_tsc *clock);
/* Reads both clocks: times up to now can be told. */
void ft_tsc_mark(struct ft_tsc *clock);
uint64_t ft_tsc_ns(const struct ft_tsc *clock, uint64_t tsc);
/* From when on times can be told. */
uint64_t ft_tsc_first(const struct ft_tsc *clock);
uint64_t ft_tsc_now(void);
void ft_tsc_end(struct ft_tsc *clock);

#define FT_TSC_SHORT                                                                               \
	(1u << 20) /* ticks in which no two rates come to differ by a nanosecond, or nearly */

/* ns between two times that lie not far back, after ft_tsc_mark(). */
static inline uint64_t ft_tsc_span(const struct ft_tsc *clock, uint64_t from, uint64_t to)
{
	if (to - from < FT_TSC_SHORT)
		return (to - from) * clock->points[clock->count - 1].scale >> 32;
	return ft_tsc_ns(clock, to) - ft_tsc_ns(clock, from);
}

#endif
