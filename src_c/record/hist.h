/* A histogram of durations, log-scaled (see tally.h), that takes little memory while it is small.
 */
#ifndef FT_HIST_H
#define FT_HIST_H

#include <stdbool.h>
#include <stdint.h>

#include "tally.h"

struct ft_hist_pair {
	uint16_t bucket, count;
};

/*
 * A tally by process has a great many histograms of a few calls each, so one starts as a list of
 * pairs; with many calls or buckets it becomes an array over the range of buckets that it uses.
 */
struct ft_hist {
	union {
		struct ft_hist_pair *list;
		uint64_t *counts; /* of buckets first ... first + len - 1 */
	};
	uint16_t first, len; /* len 0: a list */
	uint16_t used, room; /* of the list */
};

static_assert(FT_HIST_SUB == 1 << 5, "ft_hist_bucket_of shifts by 5");

/* As ft_hist_bucket. */
static inline unsigned ft_hist_bucket_of(uint64_t ns)
{
	unsigned log2 = 63 - (unsigned)__builtin_clzll(ns | FT_HIST_SUB);

	return (log2 - 5) * FT_HIST_SUB + (unsigned)(ns >> (log2 - 5));
}

/* The fast path of ft_hist_add: whether the array covers the bucket, which then counts one more. */
static inline bool ft_hist_count(struct ft_hist *h, unsigned bucket)
{
	bool covered = (unsigned)(bucket - h->first) < h->len;

	if (covered)
		h->counts[bucket - h->first]++;
	return covered;
}

/* Soon bucket will be counted. */
static inline void ft_hist_prefetch(const struct ft_hist *h, unsigned bucket)
{
	if ((unsigned)(bucket - h->first) < h->len)
		__builtin_prefetch(&h->counts[bucket - h->first], 1);
}

/* total: how many calls the histogram counts in all, these included. */
int ft_hist_add(struct ft_hist *h, unsigned bucket, uint64_t count, uint64_t total);
int ft_hist_merge(struct ft_hist *into, const struct ft_hist *from, uint64_t total);
/* Fills FT_HIST_BUCKETS counts. */
void ft_hist_read(const struct ft_hist *h, uint64_t *counts);
/* The middle of the bucket of the nearest-rank percentile. */
uint64_t ft_hist_percentile(const struct ft_hist *h, uint64_t total, double q);
void ft_hist_free(struct ft_hist *h);

#endif
