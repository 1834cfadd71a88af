/* Brief records, as the recorder writes them into a forged area, and what the tally makes of them. */
#ifndef FT_FORGED_BRIEF_H
#define FT_FORGED_BRIEF_H

#include "forged.h"

#define BRIEF_PER_BLOCK ((FT_BLOCK - FT_BRIEF_HEAD) / (unsigned)sizeof(struct ft_brief))
#define BRIEF_IN_AREA	(FT_BLOCKS * BRIEF_PER_BLOCK)

static inline struct ft_brief *forged_brief(struct forged *f, unsigned i)
{
	unsigned block = i / BRIEF_PER_BLOCK % FT_BLOCKS;

	return (struct ft_brief *)(f->area + ft_area_first_record(&f->it, block)) +
	       i % BRIEF_PER_BLOCK;
}

static inline struct ft_kept *forged_kept(struct forged *f)
{
	return (struct ft_kept *)(f->area + FT_BLOCK_HEAD);
}

/* The next call. False: it is at the end of an area without a free block. */
static inline bool forged_put_brief(struct forged *f, uint64_t nr, int64_t ret)
{
	struct ft_area *area = (struct ft_area *)f->area;
	struct ft_brief *brief = (struct ft_brief *)(f->area + (area->cur - FORGED_BASE));

	*brief = (struct ft_brief){ .start = ft_tsc_now(), .nr = nr, .ret = ret };
	area->busy = area->cur;
	brief->end = ft_tsc_now();
	return forged_step(f, sizeof(*brief));
}

/* All that the tally has counted; f->events: how many calls. */
static inline struct ft_tally_row forged_counted(struct forged *f)
{
	const uint64_t past = ft_tsc_ns(&f->in.clock, ft_tsc_now()) - f->s.stats.start_ns;
	struct ft_tally_row all = { 0 };
	struct ft_block *b;

	for (size_t i = 0; i < ft_tally_rows(f->s.tally); i++) {
		const struct ft_tally_row *row = ft_tally_row(f->s.tally, i);
		uint64_t buckets[FT_HIST_BUCKETS], timed = 0;

		ft_tally_hist(f->s.tally, i, buckets);
		for (unsigned k = 0; k < FT_HIST_BUCKETS; k++)
			timed += buckets[k];
		forged_require(row->nr != SYS_getuid, "nobody wants that");
		forged_require(row->calls == row->finished && row->finished == timed,
			"all of them are timed");
		forged_require(
			row->errors <= row->calls && row->min_ns <= row->max_ns, "a row can be so");
		all.calls += row->calls;
		all.errors += row->errors;
		all.total_ns += row->total_ns;
		if (row->max_ns > all.max_ns)
			all.max_ns = row->max_ns;
	}
	/* The rate of short ones is that of the clock's last two readings. */
	forged_require(all.total_ns <= past + past / 100 + 1000,
		"no call is longer than there was time for");
	forged_require(ft_ring_take(f->s.ring, 0, &b) != 1, "there are no events");
	forged_require(!f->s.stats.error, "the session goes on");
	forged_require(f->s.stats.calls == all.calls, "the session has counted as many");
	f->events = all.calls;
	return all;
}

#endif
