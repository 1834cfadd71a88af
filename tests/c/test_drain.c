/* What comes of a task's area: of one that the recorder has written, and of one that lies. */
#define _GNU_SOURCE
#include "engine/inline/drain/drain.h"
#include "engine/inline/stops/normalise.h"
#include "forged_calls.h"

#include <pthread.h>

#include "check.h"

static void test_honest(void)
{
	struct forged *f = forged_new(EVENTS);
	const struct ft_area *area = (const struct ft_area *)f->area;
	uint64_t calls = 0, rows = 0;

	ft_drain(&f->s, &f->it);
	forged_take(f);
	CHECK_EQ(f->events, 0);
	for (int round = 0; round < 3 * FT_BLOCKS; round++) {
		for (unsigned i = 0; i < PER_BLOCK; i++, calls++)
			if (!put_call(f, SYS_getppid))
				ft_drain_next_block(&f->s, &f->it);
		CHECK(area->cur % FT_BLOCK == FT_BLOCK_HEAD);
		if (round % 5 == 4)
			ft_drain(&f->s, &f->it);
		if (round == 20)
			ft_drain_next_block(&f->s, &f->it); /* all others are drained */
	}
	ft_drain(&f->s, &f->it);
	forged_take(f);
	CHECK_EQ(f->events, calls);
	for (size_t i = 0; i < ft_tally_rows(f->s.tally); i++) {
		CHECK_EQ(ft_tally_row(f->s.tally, i)->errors, calls);
		rows += ft_tally_row(f->s.tally, i)->calls;
	}
	CHECK_EQ(rows, calls);
	CHECK(!f->space.spoiled);
	put_call(f, SYS_getuid);
	put_call(f, SYS_rt_sigprocmask);
	ft_drain(&f->s, &f->it);
	forged_take(f);
	CHECK_EQ(f->events, 1); /* nobody wants the other */
	forged_free(f);
	check_group("each call of an honest area comes once");
}

static void test_positions(void)
{
	const uint64_t lies[] = { 0, FORGED_BASE, FORGED_BASE - 1, FORGED_BASE + 8,
		FORGED_BASE + FT_BLOCK_HEAD + 95, FORGED_BASE + FT_BLOCK + 8,
		FORGED_BASE + FT_AREA + 1, FORGED_BASE + FT_AREA + FT_BLOCK_HEAD,
		FORGED_BASE + FT_AREA_STEP, UINT64_MAX, FORGED_BASE - FT_BLOCK,
		FORGED_BASE + (1ull << 32) + FT_BLOCK_HEAD,
		FORGED_BASE + FT_BLOCK + FT_BLOCK_HEAD /* before that block was its to use */ };

	for (size_t i = 0; i < sizeof(lies) / sizeof(lies[0]); i++) {
		struct forged *f = forged_new(EVENTS);
		struct ft_area *area = (struct ft_area *)f->area;
		struct user_regs_struct regs = { .rip = ft_recorder_record(0) };
		struct ft_area_seen seen;

		put_call(f, SYS_getppid);
		area->cur = area->busy = lies[i];
		ft_area_look(&f->it, &seen);
		CHECK_EQ(seen.at, 0);
		CHECK_EQ(seen.raw.nr, 0);
		ft_drain(&f->s, &f->it);
		CHECK(f->space.spoiled);
		ft_drain_begun(&f->s, &f->it);
		CHECK_EQ(f->t.in_call, FT_CALL_NONE);
		ft_drain_close(&f->s, &f->it, &seen, 0);
		CHECK(ft_normalise(&f->s, &f->t, &regs));
		forged_take(f);
		CHECK_EQ(f->events, 0);
		ft_drain_next_block(&f->s, &f->it); /* some way on must be found */
		CHECK_EQ(area->cur, FORGED_BASE + FT_BLOCK_HEAD);
		forged_free(f);
	}
	check_group("a position that cannot be spoils its space, and nothing is read there");
}

static void test_jumps(void)
{
	struct forged *f = forged_new(EVENTS);
	struct ft_area *area = (struct ft_area *)f->area;

	ft_area_open_blocks(&f->it);
	put_call(f, SYS_getppid);
	ft_drain(&f->s, &f->it);
	forged_take(f);
	area->cur -= sizeof(struct ft_raw); /* all the others again */
	ft_drain(&f->s, &f->it);
	forged_take(f);
	CHECK_EQ(f->events, ALL_RECORDS - 1);
	for (uint32_t i = 0; i < FT_BLOCKS; i++)
		*ft_area_link(&f->it, i) = 0;
	for (unsigned block = FT_BLOCKS; block; block--) {
		area->cur = FORGED_BASE + block * FT_BLOCK;
		ft_drain_next_block(&f->s, &f->it);
		CHECK_EQ(area->cur, FORGED_BASE + block % FT_BLOCKS * FT_BLOCK + FT_BLOCK_HEAD);
	}
	ft_drain(&f->s, &f->it);
	forged_take(f);
	CHECK(f->events <= FT_BLOCKS * ALL_RECORDS);
	CHECK(!f->space.spoiled);
	forged_free(f);
	check_group("one drain takes an area at most");
}

/* Times that were never, and results that are none. */
static void test_times(void)
{
	const uint64_t times[] = { 0, 1, UINT64_MAX, UINT64_MAX / 2, 1ull << 62 };

	for (size_t i = 0; i < 5; i++)
		for (size_t k = 0; k < 5; k++) {
			struct forged *f = forged_new(EVENTS);
			uint64_t start = f->s.stats.start_ns;
			struct ft_tally_row row;

			put_call(f, SYS_getppid);
			forged_record(f, 0)->start = times[i];
			forged_record(f, 0)->end = times[k];
			forged_record(f, 0)->ret = INT64_MIN;
			put_call(f, SYS_getppid); /* comes after it */
			ft_drain(&f->s, &f->it);
			forged_take(f);
			CHECK_EQ(f->events, 2);
			row = *ft_tally_row(f->s.tally, 0);
			CHECK(row.max_ns <= ft_now() - start);
			CHECK_EQ(row.errors, 1); /* only the second failed */
			forged_free(f);
		}
	check_group("no call begins before the session or ends ahead, whatever it says");
}

/* Calls go on with the one block that there is memory for, and lies do not lead us to what is not there. */
static void test_no_memory(void)
{
	struct forged *f = forged_new_short(EVENTS, FT_BLOCK);
	struct ft_area *area = (struct ft_area *)f->area;

	for (int round = 0; round < 5; round++) {
		for (unsigned i = 0; i < PER_BLOCK; i++)
			*forged_record(f, i) = (struct ft_raw){ .nr = SYS_getppid };
		area->cur = FORGED_BASE + FT_BLOCK;
		ft_drain_next_block(&f->s, &f->it);
		CHECK_EQ(area->cur, FORGED_BASE + FT_BLOCK_HEAD);
		forged_take(f);
		CHECK_EQ(f->events, PER_BLOCK);
	}
	CHECK(!f->space.spoiled);
	put_call(f, SYS_openat);
	forged_record(f, 0)->strings = (uint32_t)(FORGED_BASE + FT_STRINGS_AT);
	forged_record(f, 0)->end_of_strings = (uint32_t)(FORGED_BASE + FT_AREA_STEP);
	ft_drain(&f->s, &f->it);
	forged_take(f);
	CHECK_EQ(f->events, 1);
	CHECK_EQ(f->payload, 0);
	forged_free(f);
	for (size_t there = 4096; there < FT_AREA_STEP; there += 5 * FT_BLOCK / 2) {
		struct ft_area_seen seen;

		f = forged_new_short(EVENTS, there);
		area = (struct ft_area *)f->area;
		f->it.opened = true;
		area->cur = forged_address(f, forged_record(f, ALL_RECORDS - 1));
		ft_area_look(&f->it, &seen);
		CHECK_EQ(seen.at, there > FT_AREA ? area->cur - FORGED_BASE : 0);
		ft_drain(&f->s, &f->it);
		CHECK_EQ(f->space.spoiled, there < FT_AREA);
		forged_take(f);
		CHECK_EQ(f->events, there < FT_AREA ? 0 : ALL_RECORDS - 1);
		CHECK_EQ(ft_area_open_blocks(&f->it), there > FT_AREA);
		forged_free(f);
	}
	check_group("memory that cannot be had is not touched");
}

static bool stops;

static void *scribble(void *data)
{
	struct forged *f = data;
	uint64_t state = 88172645463325252ull;

	while (!__atomic_load_n(&stops, __ATOMIC_RELAXED)) {
		uint64_t *at = (uint64_t *)f->area, value;

		forged_any(&state);
		value = FORGED_BASE + state % FT_AREA_STEP / 8 * 8;
		switch (state >> 32 & 3) {
		case 0: /* the head */
			at += state >> 40 & 7;
			break;
		case 1: /* the first records' strings and lengths */
			at = (uint64_t *)forged_record(f, state >> 40 & 15) + 10 +
			     (state >> 44 & 1);
			break;
		case 2: /* heads of items */
			at += FT_STRINGS_AT / 8 + (state >> 40 & 255);
			value = state;
			break;
		default:
			at += (state >> 8) % (FT_AREA_STEP / 8);
		}
		__atomic_store_n(at, value, __ATOMIC_RELAXED);
		if ((state >> 50) % 4 == 0)
			__atomic_store_n(&((struct ft_area *)f->area)->cur,
				forged_address(f, forged_record(f, state >> 52 & 31)),
				__ATOMIC_RELAXED);
	}
	return NULL;
}

/* What was checked is what is used, although another thread writes all the time. */
static void test_meanwhile(void)
{
	struct forged *f = forged_new(EVENTS);
	pthread_t thread;
	uint64_t events = 0;

	CHECK(!pthread_create(&thread, NULL, scribble, f));
	for (int i = 0; i < 300; i++) {
		struct user_regs_struct regs = { .rip = FT_RECORDER_BASE + (unsigned)i * 7 };

		for (unsigned k = 0; k < 16; k++)
			__atomic_store_n(&forged_record(f, k)->nr, SYS_openat, __ATOMIC_RELAXED);
		ft_drain(&f->s, &f->it);
		ft_normalise(&f->s, &f->t, &regs);
		ft_drain_begun(&f->s, &f->it);
		ft_record_cut(&f->s, &f->t);
		ft_drain_next_block(&f->s, &f->it);
		forged_take(f);
		events += f->events;
		ft_area_reset_strings(&f->it);
	}
	__atomic_store_n(&stops, true, __ATOMIC_RELAXED);
	pthread_join(thread, NULL);
	CHECK(events > 0);
	forged_free(f);
	check_group("an area that changes while it is read is no worse");
}

int main(void)
{
	test_honest();
	test_positions();
	test_jumps();
	test_times();
	test_no_memory();
	test_meanwhile();
	return check_result();
}
