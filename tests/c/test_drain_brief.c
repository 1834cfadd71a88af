/* What comes of brief records: of those that the recorder has written, and of those that lie. */
#define _GNU_SOURCE
#include "engine/inline/drain/drain.h"
#include "engine/inline/stops/normalise.h"
#include "forged_brief.h"

#include <errno.h>
#include <pthread.h>

#include "check.h"

static struct forged *forged(void)
{
	return forged_new_of(FT_OPT_TALLY, FT_AREA_STEP, true);
}

static void test_honest(void)
{
	const int errors[] = { ENOENT, EINTR, 512, FT_ERRNO_MAX };
	struct forged *f = forged();
	const struct ft_area *area = (const struct ft_area *)f->area;
	uint64_t calls = 0, failed = 0, counts[5];
	uint32_t numbers[5];
	unsigned round;

	CHECK_EQ(area->mask_at, FORGED_BASE + offsetof(struct ft_area, mask));
	for (round = 0; round < 3 * FT_BLOCKS; round++) {
		for (unsigned i = 0; i < BRIEF_PER_BLOCK; i++, calls++) {
			int64_t ret = i % 8 < 4 ? -errors[i % 4] : -FT_ERRNO_MAX - 1 - (int64_t)i;

			failed += i % 8 < 4;
			if (!forged_put_brief(f, SYS_getppid, ret))
				ft_drain_next_block(&f->s, &f->it);
		}
		CHECK(area->cur % FT_BLOCK == FT_BRIEF_HEAD);
		if (round % 5 == 4)
			ft_drain(&f->s, &f->it);
		if (round == 20)
			ft_drain_next_block(&f->s, &f->it); /* all others are drained */
	}
	ft_drain(&f->s, &f->it);
	CHECK_EQ(forged_counted(f).errors, failed);
	CHECK_EQ(f->events, calls);
	CHECK_EQ(ft_tally_rows(f->s.tally), 1);
	CHECK_EQ(ft_tally_errnos(f->s.tally, 0, numbers, counts, 5), 4);
	for (int i = 0; i < 4; i++)
		CHECK_EQ(counts[i], failed / 4);
	CHECK(!f->space.spoiled);
	CHECK_EQ(ft_process_at(&f->s.processes, 1)->calls, calls);
	forged_free(f);
	check_group("each call of an honest area is counted once, each error by its number");
}

static void test_durations(void)
{
	struct forged *f = forged();
	uint64_t first = ft_tsc_now(), at = first, took[100], longest = 0;
	uint64_t total = 0;
	const struct ft_tally_row *row;

	for (unsigned i = 0; i < 100; i++, at += took[i - 1] + 1) {
		took[i] = i % 10 ? 50 * (i + 1) : 3ull << 20; /* some are long */
		if (took[i] > longest)
			longest = took[i];
	}
	while (ft_tsc_now() < at) /* they are to lie in the past */
		;
	at = first;
	for (unsigned i = 0; i < 100; i++, at += took[i - 1] + 1) {
		forged_put_brief(f, SYS_read, 1);
		forged_brief(f, i)->start = at;
		forged_brief(f, i)->end = at + took[i];
	}
	ft_drain(&f->s, &f->it);
	forged_counted(f);
	at = first;
	for (unsigned i = 0; i < 100; i++, at += took[i - 1] + 1)
		total += ft_tsc_ns(&f->in.clock, at + took[i]) - ft_tsc_ns(&f->in.clock, at);
	row = ft_tally_row(f->s.tally, 0);
	CHECK_EQ(row->finished, 100);
	/* A nanosecond each for rounding; and between its clock's last readings it had other rates. */
	CHECK(row->total_ns >= total - total / 100 - 100);
	CHECK(row->total_ns <= total + total / 100 + 100);
	longest = ft_tsc_ns(&f->in.clock, first + longest) - ft_tsc_ns(&f->in.clock, first);
	CHECK(row->max_ns + 1 >= longest && row->max_ns <= longest + 1);
	CHECK(row->min_ns >= 1 && row->min_ns < row->max_ns / 1000);
	forged_free(f);
	check_group("calls last as long as they say");
}

static void test_special(void)
{
	struct forged *f = forged();
	struct ft_area *area = (struct ft_area *)f->area;
	struct ft_area_seen seen;

	forged_put_brief(f, SYS_getuid, 0); /* nobody wants that */
	forged_put_brief(f, SYS_rt_sigprocmask | FT_BRIEF_MARK, 0);
	forged_put_brief(f, SYS_rt_sigprocmask, -EINVAL);
	forged_put_brief(f, SYS_getppid | ~0ull << 32, 0);
	forged_put_brief(f, SYS_rt_sigreturn | FT_BRIEF_MARK, -EINTR); /* that of another call */
	forged_put_brief(f, SYS_rt_sigreturn, -ENOSYS); /* it has failed itself */
	ft_drain(&f->s, &f->it);
	CHECK_EQ(forged_counted(f).errors, 2);
	CHECK_EQ(f->events, 5);
	CHECK_EQ(ft_tally_rows(f->s.engine_calls), 1);
	CHECK_EQ(ft_tally_row(f->s.engine_calls, 0)->calls, 1);
	check_group("marks are read where they are the recorder's");

	forged_put_brief(f, SYS_getppid, 0);
	forged_put_brief(f, SYS_rt_sigreturn | FT_BRIEF_MARK, 0);
	forged_kept(f)->frame = 0x1000;
	ft_drain_running(&f->s, &f->it);
	forged_counted(f);
	CHECK_EQ(f->events, 6);
	CHECK(ft_drain_take_back(&f->it, false));
	ft_area_look(&f->it, &seen);
	CHECK_EQ((uint32_t)seen.raw.nr, SYS_rt_sigreturn);
	CHECK_EQ(seen.raw.frame, 0x1000);
	ft_drain_close(&f->s, &f->it, &seen, -EFAULT);
	CHECK_EQ(forged_brief(f, 7)->nr, SYS_rt_sigreturn | FT_BRIEF_MARK);
	CHECK(ft_drain_take_back(&f->it, true));
	ft_area_look(&f->it, &seen);
	CHECK_EQ(seen.raw.frame, 0);
	ft_drain_close(&f->s, &f->it, &seen, -EFAULT);
	CHECK_EQ(forged_brief(f, 7)->nr, SYS_rt_sigreturn);
	ft_drain(&f->s, &f->it);
	CHECK_EQ(forged_counted(f).errors, 3);
	CHECK_EQ(f->events, 7);
	check_group("a return that has not been made yet is left, and one that failed is an error");

	*forged_brief(f, 8) = (struct ft_brief){ .start = ft_tsc_now(), .nr = SYS_getppid };
	area->busy = area->cur;
	ft_area_look(&f->it, &seen);
	ft_drain_begun(&f->s, &f->it);
	CHECK_EQ(f->t.in_call, FT_CALL_RECORDED);
	CHECK_EQ(f->t.call.nr, SYS_getppid);
	ft_drain_close(&f->s, &f->it, &seen, -EAGAIN);
	ft_drain(&f->s, &f->it);
	CHECK_EQ(forged_counted(f).errors, 4);
	CHECK_EQ(f->events, 8);
	f->t.in_call = FT_CALL_NONE;
	forged_free(f);
	check_group("a call under way can be closed, or told of as begun");
}

static void test_positions(void)
{
	const uint64_t lies[] = { 0, FORGED_BASE, FORGED_BASE - 1, FORGED_BASE + 8,
		FORGED_BASE + FT_BLOCK_HEAD /* where what is kept stands */,
		FORGED_BASE + FT_BRIEF_HEAD + 31, FORGED_BASE + FT_BLOCK + 8,
		FORGED_BASE + FT_AREA + 1, FORGED_BASE + FT_AREA + FT_BRIEF_HEAD,
		FORGED_BASE + FT_AREA_STEP, UINT64_MAX, FORGED_BASE - FT_BLOCK,
		FORGED_BASE + (1ull << 32) + FT_BRIEF_HEAD,
		FORGED_BASE + FT_BLOCK + FT_BRIEF_HEAD /* before that block was its to use */ };

	for (size_t i = 0; i < sizeof(lies) / sizeof(lies[0]); i++) {
		struct forged *f = forged();
		struct ft_area *area = (struct ft_area *)f->area;
		struct ft_area_seen seen;

		forged_put_brief(f, SYS_getppid, 0);
		area->cur = area->busy = lies[i];
		ft_area_look(&f->it, &seen);
		CHECK_EQ(seen.at, 0);
		ft_drain(&f->s, &f->it);
		CHECK(f->space.spoiled);
		ft_drain_begun(&f->s, &f->it);
		CHECK_EQ(f->t.in_call, FT_CALL_NONE);
		ft_drain_close(&f->s, &f->it, &seen, 0);
		forged_counted(f);
		CHECK_EQ(f->events, 0);
		ft_drain_next_block(&f->s, &f->it); /* some way on must be found */
		CHECK_EQ(area->cur, FORGED_BASE + FT_BRIEF_HEAD);
		forged_free(f);
	}
	check_group("a position that cannot be spoils its space, and nothing is read there");
}

static void test_lies(void)
{
	const uint64_t times[] = { 0, 1, UINT64_MAX, UINT64_MAX / 2, 1ull << 62 };
	struct forged *f;

	for (size_t i = 0; i < 5; i++)
		for (size_t k = 0; k < 5; k++) {
			f = forged();
			forged_put_brief(f, SYS_getppid, INT64_MIN);
			forged_brief(f, 0)->start = times[i];
			forged_brief(f, 0)->end = times[k];
			forged_put_brief(f, SYS_getppid, -2); /* comes after it */
			ft_drain(&f->s, &f->it);
			CHECK_EQ(forged_counted(f).errors, 1);
			CHECK_EQ(f->events, 2);
			forged_free(f);
		}
	check_group("no call begins before the session or ends ahead, whatever it says");

	f = forged();
	ft_area_open_blocks(&f->it);
	for (unsigned i = 0; i < BRIEF_IN_AREA;
		i++) /* each all the time that there was, and of a number of its own */
		*forged_brief(f, i) = (struct ft_brief){ .end = UINT64_MAX, .nr = i << 8 };
	((struct ft_area *)f->area)->cur = FORGED_BASE + FT_AREA;
	ft_drain(&f->s, &f->it);
	forged_counted(f);
	CHECK_EQ(f->events, BRIEF_IN_AREA);
	CHECK(ft_tally_rows(f->s.tally) <= FT_NR_MAX + FT_TALLY_STRANGERS_MAX);
	forged_free(f);
	check_group("times do not add up to more than there was, nor numbers to more than a table "
		    "holds");
}

/* Calls go on with the one block that there is memory for. */
static void test_no_memory(void)
{
	struct forged *f = forged_new_of(FT_OPT_TALLY, FT_BLOCK, true);
	struct ft_area *area = (struct ft_area *)f->area;

	for (uint64_t round = 1; round <= 5; round++) {
		for (unsigned i = 0; i < BRIEF_PER_BLOCK; i++)
			*forged_brief(f, i) = (struct ft_brief){ .nr = SYS_getppid };
		area->cur = FORGED_BASE + FT_BLOCK;
		ft_drain_next_block(&f->s, &f->it);
		CHECK_EQ(area->cur, FORGED_BASE + FT_BRIEF_HEAD);
		forged_counted(f);
		CHECK_EQ(f->events, round * BRIEF_PER_BLOCK);
	}
	CHECK(!f->space.spoiled);
	forged_free(f);
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
		value = state >> 60 ? state % 1000 : state;
		at += (state >> 32 & 1) ? FT_BRIEF_HEAD / 8 + (state >> 40) % 4096
					: (state >> 40) % (FT_AREA / 8);
		__atomic_store_n(at, value, __ATOMIC_RELAXED);
		if ((state >> 50) % 4 == 0)
			__atomic_store_n(&((struct ft_area *)f->area)->cur,
				forged_address(f, forged_brief(f, state >> 52 & 1023)),
				__ATOMIC_RELAXED);
	}
	return NULL;
}

/* What was checked is what is used, although another thread writes all the time. */
static void test_meanwhile(void)
{
	struct forged *f = forged();
	pthread_t thread;

	CHECK(!pthread_create(&thread, NULL, scribble, f));
	for (int i = 0; i < 300; i++) {
		struct user_regs_struct regs = { .rip = FT_RECORDER_BASE + (unsigned)i * 9 };

		ft_drain_running(&f->s, &f->it);
		ft_normalise(&f->s, &f->t, &regs);
		ft_drain(&f->s, &f->it);
		ft_drain_next_block(&f->s, &f->it);
		forged_counted(f);
	}
	__atomic_store_n(&stops, true, __ATOMIC_RELAXED);
	pthread_join(thread, NULL);
	CHECK(f->events > 0);
	forged_free(f);
	check_group("an area that changes while it is read is no worse");
}

int main(void)
{
	test_honest();
	test_durations();
	test_special();
	test_positions();
	test_lies();
	test_no_memory();
	test_meanwhile();
	return check_result();
}
