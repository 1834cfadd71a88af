/* gcc -std=gnu11 -fsanitize=address,undefined -Isrc_c tests/c/test_watched.c src_c/record/watched.c */
#include "watched.h"

#include <errno.h>
#include <stdlib.h>

#include "check.h"

#define PID   7
#define FD    5
#define LEVEL 0x66746d
#define TALK  45
#define MARK  55

static struct ft_event call(int32_t tid, int32_t nr, uint64_t time, uint64_t arg)
{
	return (struct ft_event){ .kind = FT_KIND_SYSCALL,
		.pid = PID,
		.tid = tid,
		.nr = nr,
		.time_ns = time,
		.duration_ns = 3,
		.args = { arg } };
}

static struct ft_event mark(uint64_t number, uint64_t time)
{
	struct ft_event ev = call(PID, MARK, time, FD);

	ev.args[1] = LEVEL;
	ev.args[2] = number;
	return ev;
}

static const struct ft_call_number talk[] = { { .nr = TALK }, { .nr = MARK } };

static void test_outside(void)
{
	struct ft_under_way under_way[] = { { .tid = 8, .nr = 1, .args = { 4 } },
		{ .tid = 9, .nr = 1, .args = { 4 } } };
	struct ft_watched w = { .pid = PID,
		.tid = PID,
		.fd = FD,
		.level = LEVEL,
		.began_ns = 100,
		.talk = talk,
		.talk_len = 2,
		.under_way = under_way,
		.under_way_len = 2 };
	struct ft_event ev[] = {
		call(PID, TALK, 101, FD), /* talk */
		call(PID, TALK, 102, FD + 1), /* to somebody else */
		call(PID, 1, 103, FD), /* no talk */
		call(8, 1, 104, 4), /* it was there before */
		call(8, 1, 105, 4), /* and does it again */
		call(9, 2, 106, 4), /* another call, and so is the next one of that thread */
		call(9, 1, 107, 4),
		call(9, 1, 99, 4), /* before the block */
		call(PID, 1, 99, 4), /* ours are in order whatever the clock says */
		mark(0, 108),
	};
	const uint8_t wanted[] = { 1, 0, 0, 1, 0, 0, 0, 1, 0, 1 };
	const size_t n = sizeof(ev) / sizeof(ev[0]);
	uint8_t outside[sizeof(wanted)];

	ft_watched_outside(&w, ev, n, outside);
	for (size_t i = 0; i < n; i++)
		CHECK(outside[i] == wanted[i]);
	CHECK(ft_watched_is_mark(&w, &ev[n - 1]));
	CHECK(!ft_watched_is_mark(&w, &ev[0]));
	ev[n - 1].pid++;
	CHECK(!ft_watched_is_mark(&w, &ev[n - 1]));
	check_group("talk, marks and what was under way are outside");
}

static void test_intervals(void)
{
	const uint64_t bounds[] = { 10, 20, 30, 31, 40, 50 };
	struct ft_event ev[] = {
		call(PID, 1, 9, 0),
		call(PID, 1, 10, 0),
		call(PID, 1, 11, 0),
		call(PID, 2, 19, 0),
		call(PID, 1, 20, 0),
		call(PID, 1, 25, 0),
		call(PID, 1, 30, 0),
		call(PID, 1, 31, 0),
		call(PID, 1, 45, 0),
		call(8, 1, 12, 0), /* late */
		call(PID, 1, 13, 0), /* left out */
		call(PID, 1, 50, 0),
		call(PID, 1, 51, 0),
		call(PID, 3, 14, 0), /* no call */
	};
	const size_t n = sizeof(ev) / sizeof(ev[0]);
	uint8_t outside[sizeof(ev) / sizeof(ev[0])] = { 0 };
	struct ft_intervals *t;
	const struct ft_interval_row *r;

	outside[10] = 1;
	ev[n - 1].kind = FT_KIND_SIGNAL;
	ev[9].flags = FT_FLAG_ERROR;
	CHECK(ft_intervals_new(&t, bounds, 5) == -EINVAL);
	CHECK(ft_intervals_new(&t, bounds, 6) == 0);
	CHECK(ft_intervals_add(t, ev, outside, n) == 0);
	CHECK(ft_intervals_rows(t) == 3);
	r = ft_intervals_row(t, 0);
	CHECK(r->interval == 0 && r->nr == 1 && r->calls == 2 && r->errors == 1 &&
		r->total_ns == 6);
	r = ft_intervals_row(t, 1);
	CHECK(r->interval == 0 && r->nr == 2 && r->calls == 1 && r->errors == 0);
	r = ft_intervals_row(t, 2);
	CHECK(r->interval == 2 && r->nr == 1 && r->calls == 1);
	ft_intervals_free(t);
	check_group("a call is counted in the interval in which it began");
}

/* Many rows, and events in any order: each is found again. */
static void test_many(void)
{
	enum { INTERVALS = 500, NUMBERS = 7, ROUNDS = 3 };
	uint64_t bounds[2 * INTERVALS];
	const uint8_t inside = 0;
	struct ft_intervals *t;

	for (int i = 0; i < INTERVALS; i++) {
		bounds[2 * i] = 10 * (uint64_t)i;
		bounds[2 * i + 1] = 10 * (uint64_t)i + 5;
	}
	CHECK(ft_intervals_new(&t, bounds, 2 * INTERVALS) == 0);
	for (int k = 0; k < ROUNDS * INTERVALS * NUMBERS; k++) {
		int interval = (int)((unsigned)k * 7919u % INTERVALS);
		struct ft_event ev = call(PID, k % NUMBERS, 10 * (uint64_t)interval + 1, 0);

		CHECK(ft_intervals_add(t, &ev, &inside, 1) == 0);
	}
	CHECK(ft_intervals_rows(t) == INTERVALS * NUMBERS);
	for (size_t i = 0; i < ft_intervals_rows(t); i++)
		CHECK(ft_intervals_row(t, i)->calls == ROUNDS);
	ft_intervals_free(t);
	CHECK(ft_intervals_new(&t, bounds, 0) == 0);
	CHECK(ft_intervals_add(t, &(struct ft_event){ .kind = FT_KIND_SYSCALL }, &inside, 1) == 0);
	CHECK(ft_intervals_rows(t) == 0);
	ft_intervals_free(t);
	check_group("many intervals and calls are told apart");
}

int main(void)
{
	test_outside();
	test_intervals();
	test_many();
	return check_result();
}
