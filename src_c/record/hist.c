#include "record/hist.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define LIST_MAX   30  /* pairs; the capacities 6, 14, 30 fill malloc's size classes */
#define LIST_CALLS 256 /* calls from which on a list is slower than it is small */

unsigned ft_hist_bucket(uint64_t ns)
{
	return ft_hist_bucket_of(ns);
}

static_assert((63 - 4) * FT_HIST_SUB + FT_HIST_SUB == FT_HIST_BUCKETS, "the last bucket");

uint64_t ft_hist_low(unsigned bucket)
{
	unsigned shift;

	if (bucket < 2 * FT_HIST_SUB)
		return bucket;
	shift = bucket / FT_HIST_SUB - 1;
	return (uint64_t)(FT_HIST_SUB + bucket % FT_HIST_SUB) << shift;
}

static uint64_t bucket_middle(unsigned bucket)
{
	unsigned shift = bucket < 2 * FT_HIST_SUB ? 0 : bucket / FT_HIST_SUB - 1;

	return ft_hist_low(bucket) + (((uint64_t)1 << shift) - 1) / 2;
}

/* Makes the array reach over `bucket`. */
static int hist_cover(struct ft_hist *h, unsigned bucket)
{
	unsigned low = bucket / FT_HIST_SUB * FT_HIST_SUB, end = low + FT_HIST_SUB;
	uint64_t *counts;

	if (h->len) {
		low = h->first < low ? h->first : low;
		end = h->first + h->len > (int)end ? (unsigned)(h->first + h->len) : end;
	}
	counts = calloc(end - low, sizeof(*counts));
	if (!counts)
		return -ENOMEM;
	if (h->len)
		memcpy(counts + h->first - low, h->counts, h->len * sizeof(*counts));
	free(h->counts);
	h->counts = counts;
	h->first = (uint16_t)low;
	h->len = (uint16_t)(end - low);
	return 0;
}

static int hist_to_array(struct ft_hist *h)
{
	struct ft_hist array = { 0 };
	int rc = 0;

	for (unsigned i = 0; i < h->used && rc == 0; i++)
		rc = ft_hist_add(&array, h->list[i].bucket, h->list[i].count, LIST_CALLS + 1);
	if (rc < 0) {
		free(array.counts);
		return rc;
	}
	free(h->list);
	*h = array;
	return 0;
}

/* 1: counted; 0: the list cannot take it. */
static int list_add(struct ft_hist *h, unsigned bucket, uint64_t count)
{
	struct ft_hist_pair *list;
	unsigned i, room;

	for (i = 0; i < h->used && h->list[i].bucket != bucket; i++)
		;
	if (i < h->used && h->list[i].count + count > UINT16_MAX)
		return 0;
	if (i < h->used) {
		h->list[i].count = (uint16_t)(h->list[i].count + count);
		return 1;
	}
	if (h->used == LIST_MAX || count > UINT16_MAX)
		return 0;
	if (h->used == h->room) {
		room = 2 * h->room + (h->room ? 2 : 6);
		list = realloc(h->list, room * sizeof(*list));
		if (!list)
			return -ENOMEM;
		h->list = list;
		h->room = (uint16_t)room;
	}
	h->list[h->used++] = (struct ft_hist_pair){ (uint16_t)bucket, (uint16_t)count };
	return 1;
}

int ft_hist_add(struct ft_hist *h, unsigned bucket, uint64_t count, uint64_t total)
{
	int rc;

	if (!h->len && total <= LIST_CALLS) {
		rc = list_add(h, bucket, count);
		if (rc != 0)
			return rc < 0 ? rc : 0;
	}
	if (!h->len && h->used) {
		rc = hist_to_array(h);
		if (rc < 0)
			return rc;
	}
	if ((unsigned)(bucket - h->first) >= h->len) {
		rc = hist_cover(h, bucket);
		if (rc < 0)
			return rc;
	}
	h->counts[bucket - h->first] += count;
	return 0;
}

int ft_hist_merge(struct ft_hist *into, const struct ft_hist *from, uint64_t total)
{
	int rc = 0;

	if (!from->len)
		for (unsigned i = 0; i < from->used && rc == 0; i++)
			rc = ft_hist_add(into, from->list[i].bucket, from->list[i].count, total);
	for (unsigned i = 0; i < from->len && rc == 0; i++)
		if (from->counts[i])
			rc = ft_hist_add(into, from->first + i, from->counts[i], total);
	return rc;
}

void ft_hist_read(const struct ft_hist *h, uint64_t *counts)
{
	memset(counts, 0, FT_HIST_BUCKETS * sizeof(*counts));
	if (h->len)
		memcpy(counts + h->first, h->counts, h->len * sizeof(*counts));
	else
		for (unsigned i = 0; i < h->used; i++)
			counts[h->list[i].bucket] += h->list[i].count;
}

uint64_t ft_hist_percentile(const struct ft_hist *h, uint64_t total, double q)
{
	uint64_t counts[FT_HIST_BUCKETS], seen = 0;
	double wanted = q * (double)total;
	uint64_t rank = wanted > 1 ? (uint64_t)wanted : 1;
	unsigned bucket = 0;

	rank += (double)rank < wanted;
	if (rank > total)
		rank = total;
	ft_hist_read(h, counts);
	while (bucket < FT_HIST_BUCKETS - 1 && (seen += counts[bucket]) < rank)
		bucket++;
	return bucket_middle(bucket);
}

void ft_hist_free(struct ft_hist *h)
{
	free(h->len ? (void *)h->counts : (void *)h->list);
}
