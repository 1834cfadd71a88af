/* gcc -std=gnu11 -fsanitize=address,undefined -Isrc_c tests/c/test_tally.c src_c/record/tally.c
 * src_c/record/errors.c src_c/record/hist.c */
#include "tally.h"

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "check.h"

static struct ft_event call(int32_t pid, int32_t nr, uint64_t ns, int64_t ret)
{
	struct ft_event ev = { .kind = FT_KIND_SYSCALL,
		.pid = pid,
		.tid = pid,
		.nr = nr,
		.duration_ns = ns,
		.ret = ret };

	if (ret < 0)
		ev.flags |= FT_FLAG_ERROR;
	return ev;
}

static struct ft_tally *new_tally(void)
{
	struct ft_tally *t;

	if (ft_tally_new(&t) < 0)
		abort();
	return t;
}

static size_t find(const struct ft_tally *t, int32_t pid, int32_t serial, uint8_t abi, int32_t nr)
{
	for (size_t i = 0; i < ft_tally_rows(t); i++) {
		const struct ft_tally_row *r = ft_tally_row(t, i);

		if (r->pid == pid && r->serial == serial && r->abi == abi && r->nr == nr)
			return i;
	}
	fprintf(stderr, "no row %d %d %d %d\n", pid, serial, abi, nr);
	abort();
}

static uint64_t hist_sum(const struct ft_tally *t, size_t i)
{
	uint64_t counts[FT_HIST_BUCKETS], sum = 0;

	ft_tally_hist(t, i, counts);
	for (int b = 0; b < FT_HIST_BUCKETS; b++)
		sum += counts[b];
	return sum;
}

static uint64_t random_u64(uint64_t *state)
{
	*state ^= *state << 13;
	*state ^= *state >> 7;
	*state ^= *state << 17;
	return *state;
}

static void test_buckets(void)
{
	for (unsigned b = 0; b < FT_HIST_BUCKETS; b++) {
		CHECK_EQ(ft_hist_bucket(ft_hist_low(b)), b);
		if (b)
			CHECK_EQ(ft_hist_bucket(ft_hist_low(b) - 1), b - 1);
	}
	CHECK_EQ(ft_hist_bucket(UINT64_MAX), FT_HIST_BUCKETS - 1);
	for (uint64_t ns = 0; ns < 2 * FT_HIST_SUB; ns++)
		CHECK_EQ(ft_hist_low(ft_hist_bucket(ns)), ns);
	check_group("the buckets cover all of uint64 without gap, exact while small");
}

static void test_counts(void)
{
	struct ft_tally *t = new_tally();
	struct ft_event ev = call(7, 1, 100, 5), signal = { .kind = FT_KIND_SIGNAL };
	const struct ft_tally_row *r;
	uint32_t errnos[4];
	uint64_t counts[4];

	CHECK_EQ(ft_tally_add(t, 0, 0, &signal), 0);
	CHECK_EQ(ft_tally_rows(t), 0);
	ft_tally_add(t, 0, 0, &ev);
	ev = call(7, 1, 50, -2);
	ft_tally_add(t, 0, 0, &ev);
	ft_tally_add(t, 0, 0, &ev);
	ev = call(7, 1, 70, -11);
	ft_tally_add(t, 0, 0, &ev);
	ev = call(7, 1, 0, 0);
	ev.flags = FT_FLAG_UNFINISHED;
	ft_tally_add(t, 0, 0, &ev);
	CHECK_EQ(ft_tally_rows(t), 1);
	r = ft_tally_row(t, 0);
	CHECK_EQ(r->calls, 5);
	CHECK_EQ(r->finished, 4);
	CHECK_EQ(r->errors, 3);
	CHECK_EQ(r->total_ns, 270);
	CHECK_EQ(r->min_ns, 50);
	CHECK_EQ(r->max_ns, 100);
	CHECK_EQ(ft_tally_errnos(t, 0, errnos, counts, 4), 2);
	CHECK_EQ(errnos[0], 2);
	CHECK_EQ(counts[0], 2);
	CHECK_EQ(errnos[1], 11);
	CHECK_EQ(counts[1], 1);
	CHECK_EQ(ft_tally_errnos(t, 0, errnos, counts, 1), 2);
	ft_tally_free(t);

	t = new_tally();
	ev = call(7, 1, 0, 0);
	ev.flags = FT_FLAG_UNFINISHED;
	ft_tally_add(t, 0, 0, &ev);
	CHECK_EQ(ft_tally_row(t, 0)->min_ns, 0);
	CHECK_EQ(ft_tally_percentile(t, 0, 0.5), 0);
	ft_tally_free(t);
	check_group("calls, finished ones, errors by errno, times");
}

/* What damaged files hold must land somewhere and take no more than a row's place. */
static void test_wild_values(void)
{
	struct ft_tally *t = new_tally();
	struct ft_event ev;
	uint32_t errnos[2];
	uint64_t counts[2];
	uint64_t state = 99;

	for (int i = 0; i < 20000; i++) {
		ev = call((int32_t)random_u64(&state), 3, random_u64(&state),
			(int64_t)random_u64(&state));
		ev.flags = FT_FLAG_ERROR;
		ev.ret |= INT64_MIN;
		CHECK_EQ(ft_tally_add(t, 0, 0, &ev), 0);
	}
	ev.ret = INT64_MIN;
	ft_tally_add(t, 0, 0, &ev);
	ev.ret = 5;
	ft_tally_add(t, 0, 0, &ev);
	CHECK_EQ(ft_tally_errnos(t, 0, errnos, counts, 2), 1);
	CHECK_EQ(errnos[0], 0);
	CHECK_EQ(counts[0], 20002);
	CHECK_EQ(hist_sum(t, 0), 20002);

	for (int abi = 0; abi < 256; abi++) {
		static const int32_t numbers[] = { -1, INT32_MIN, INT32_MAX, FT_NR_MAX,
			FT_NR_MAX - 1 };

		for (int k = 0; k < 5; k++) {
			ev = call(1, numbers[k], 1, 0);
			ev.abi = (uint8_t)abi;
			ft_tally_add(t, 0, 0, &ev);
			ft_tally_add(t, 0, 0, &ev);
			CHECK_EQ(ft_tally_row(t, find(t, 0, 0, ev.abi, ev.nr))->calls, 2);
		}
	}
	CHECK_EQ(ft_tally_rows(t), 1 + 256 * 5);
	ft_tally_free(t);
	check_group("numbers, ABIs, results and durations out of range");
}

static void test_percentiles(void)
{
	struct ft_tally *t = new_tally();
	struct ft_event ev;

	for (uint64_t ns = 1; ns <= 20; ns++) {
		ev = call(1, 0, ns, 0);
		ft_tally_add(t, 0, 0, &ev);
	}
	CHECK_EQ(ft_tally_percentile(t, 0, 0.5), 10);
	CHECK_EQ(ft_tally_percentile(t, 0, 0.51), 11);
	CHECK_EQ(ft_tally_percentile(t, 0, 0.0001), 1);
	CHECK_EQ(ft_tally_percentile(t, 0, 1.0), 20);
	for (int i = 0; i < 80; i++) {
		ev = call(1, 0, 1000000, 0);
		ft_tally_add(t, 0, 0, &ev);
	}
	CHECK_EQ(ft_tally_percentile(t, 0, 0.20), 20);
	/* All of a bucket's values are one: the middle must not exceed the maximum. */
	CHECK(ft_tally_percentile(t, 0, 0.5) <= 1000000);
	CHECK(ft_tally_percentile(t, 0, 0.5) >= 1000000 - 1000000 / FT_HIST_SUB);
	ft_tally_free(t);
	check_group("nearest-rank percentiles");
}

/* Small histograms are lists, large ones arrays: both must count the same. */
static void test_compact_histograms(void)
{
	uint64_t expected[FT_HIST_BUCKETS] = { 0 }, got[FT_HIST_BUCKETS], state = 5;
	struct ft_tally *t = new_tally();
	struct ft_event ev;

	for (int i = 0; i < 3000; i++) {
		uint64_t ns = random_u64(&state) >> (random_u64(&state) % 64);

		if (i < 200)
			ns %= 16;
		ev = call(1, 0, ns, 0);
		ft_tally_add(t, 1, 1, &ev);
		expected[ft_hist_bucket(ns)]++;
		ft_tally_hist(t, 0, got);
		CHECK(memcmp(expected, got, sizeof(got)) == 0);
	}
	ft_tally_free(t);
	check_group("a histogram counts the same in every form it takes");
}

static void test_processes(void)
{
	enum { PROCESSES = 20000, CALLS = 3 };
	struct ft_tally *t = new_tally();
	struct ft_event ev;

	for (int round = 0; round < 2; round++)
		for (int32_t p = 1; p <= PROCESSES; p++)
			for (int32_t nr = 0; nr < CALLS; nr++) {
				ev = call(p % 1000, nr, (uint64_t)p, 0);
				ft_tally_add(t, p % 1000, p, &ev);
			}
	CHECK_EQ(ft_tally_rows(t), PROCESSES * CALLS);
	for (size_t i = 0; i < ft_tally_rows(t); i++) {
		const struct ft_tally_row *r = ft_tally_row(t, i);

		CHECK(r->calls == 2 && r->min_ns == (uint64_t)r->serial &&
			r->pid == r->serial % 1000);
	}
	ft_tally_free(t);
	check_group("a row for each process, pids reused");
}

static bool same(const struct ft_tally *a, const struct ft_tally *b)
{
	uint64_t x[FT_HIST_BUCKETS], y[FT_HIST_BUCKETS];

	if (ft_tally_rows(a) != ft_tally_rows(b))
		return false;
	for (size_t i = 0; i < ft_tally_rows(a); i++) {
		const struct ft_tally_row *r = ft_tally_row(a, i);
		size_t k = find(b, r->pid, r->serial, r->abi, r->nr);

		if (memcmp(r, ft_tally_row(b, k), sizeof(*r)) != 0)
			return false;
		ft_tally_hist(a, i, x);
		ft_tally_hist(b, k, y);
		if (memcmp(x, y, sizeof(x)) != 0)
			return false;
	}
	return true;
}

static void test_merge(void)
{
	enum { N = 5000 };
	struct ft_event *events = calloc(N, sizeof(*events));
	struct ft_tally *whole, *a, *b, *copy, *total;
	uint64_t state = 17;

	if (!events)
		abort();
	for (int i = 0; i < N; i++) {
		events[i] =
			call((int32_t)(random_u64(&state) % 9), (int32_t)(random_u64(&state) % 40),
				random_u64(&state) >> (random_u64(&state) % 64),
				(int64_t)(random_u64(&state) % 7) - 3);
		if (i % 13 == 0)
			events[i].flags |= FT_FLAG_UNFINISHED;
	}
	for (int by_pid = 0; by_pid < 2; by_pid++) {
		whole = new_tally();
		a = new_tally();
		b = new_tally();
		CHECK_EQ(ft_tally_add_all(whole, events, N, by_pid), 0);
		CHECK_EQ(ft_tally_add_all(a, events, 100, by_pid), 0);
		CHECK_EQ(ft_tally_add_all(b, events + 100, N - 100, by_pid), 0);
		CHECK_EQ(ft_tally_copy(&copy, b), 0);
		CHECK(same(copy, b));
		CHECK_EQ(ft_tally_merge(copy, a), 0);
		CHECK_EQ(ft_tally_merge(a, b), 0);
		CHECK(same(a, whole));
		CHECK(same(copy, whole));

		CHECK_EQ(ft_tally_merge(a, a), 0);
		CHECK_EQ(ft_tally_merge(copy, whole), 0);
		CHECK(same(a, copy));
		ft_tally_free(a);
		ft_tally_free(b);
		ft_tally_free(copy);

		total = new_tally();
		a = new_tally();
		for (size_t i = 0; i < ft_tally_rows(whole); i++) {
			const struct ft_tally_row *r = ft_tally_row(whole, i);

			CHECK_EQ(ft_tally_add_row(total, 0, 0, r->abi, r->nr, whole, i), 0);
		}
		ft_tally_add_all(a, events, N, 0);
		CHECK(same(total, a));
		ft_tally_free(total);
		ft_tally_free(a);
		ft_tally_free(whole);
	}
	free(events);
	check_group("merge, copy and regrouping lose nothing, in any order");
}

/* A program makes up numbers: rows and memory have a bound, and no call is lost. */
static void test_made_up_numbers(void)
{
	struct ft_tally *t = new_tally(), *copy;
	uint64_t calls = 0, shared;
	const int count = 100000;

	for (int i = 0; i < count; i++) {
		struct ft_event ev = call(0, i % 2 ? FT_NR_MAX + i : -1 - i, 5, 0);

		CHECK_EQ(ft_tally_add(t, 1 + i % 3, 1 + i % 3, &ev), 0);
	}
	CHECK_EQ(ft_tally_rows(t), FT_TALLY_STRANGERS_MAX + 3);
	for (size_t i = 0; i < ft_tally_rows(t); i++)
		calls += ft_tally_row(t, i)->calls;
	CHECK_EQ(calls, count);
	shared = ft_tally_row(t, find(t, 1, 1, 0, FT_NR_MAX - 1))->calls;
	CHECK(shared > 30000);
	CHECK_EQ(ft_tally_copy(&copy, t), 0);
	CHECK_EQ(ft_tally_merge(copy, t), 0);
	CHECK_EQ(ft_tally_rows(copy), ft_tally_rows(t));
	CHECK_EQ(ft_tally_row(copy, find(copy, 1, 1, 0, FT_NR_MAX - 1))->calls, 2 * shared);
	ft_tally_free(copy);
	ft_tally_free(t);
	check_group("numbers that no table knows have rows up to a bound");
}

/* What is told of each row makes the same tally anew. */
static void test_put(void)
{
	static uint64_t hist[FT_HIST_BUCKETS], again[FT_HIST_BUCKETS];
	struct ft_tally *t = new_tally(), *made = new_tally();
	struct ft_tally_row row;
	uint32_t errnos[64], same[64];
	uint64_t counts[64], equal[64];

	for (uint64_t i = 0; i < 5000; i++) {
		struct ft_event ev = call(1 + (int32_t)(i % 5), (int32_t)(i % 7), i * i,
			i % 3 ? 0 : -(int64_t)(1 + i % 40));

		CHECK_EQ(ft_tally_add(t, ev.pid, 0, &ev), 0);
	}
	for (size_t i = 0; i < ft_tally_rows(t); i++) {
		size_t n = ft_tally_errnos(t, i, errnos, counts, 64);

		ft_tally_hist(t, i, hist);
		CHECK_EQ(ft_tally_put(made, ft_tally_row(t, i), errnos, counts, n, hist), 0);
		CHECK(!memcmp(ft_tally_row(made, i), ft_tally_row(t, i), sizeof(row)));
		CHECK_EQ(ft_tally_errnos(made, i, same, equal, 64), n);
		ft_tally_hist(made, i, again);
		CHECK(!memcmp(again, hist, sizeof(hist)));
		CHECK_EQ(ft_tally_percentile(made, i, 0.9), ft_tally_percentile(t, i, 0.9));
	}
	CHECK_EQ(ft_tally_rows(made), ft_tally_rows(t));
	row = *ft_tally_row(t, 0);
	row.finished++;
	ft_tally_hist(t, 0, hist);
	CHECK_EQ(ft_tally_put(made, &row, errnos, counts, 0, hist), -EINVAL);
	hist[0] = hist[1] = UINT64_MAX;
	CHECK_EQ(ft_tally_put(made, &row, errnos, counts, 0, hist), -EINVAL);
	ft_tally_free(t);
	ft_tally_free(made);
	check_group("a row that is told can be put into another tally");
}

/* Numbers in runs and alone, also such as share a row. */
static void test_finished_calls(void)
{
	enum { N = 5000 };
	struct ft_tally *events = new_tally(), *calls = new_tally();
	struct ft_tally_call *list = calloc(N, sizeof(*list));
	uint64_t state = 23;

	if (!list)
		abort();
	for (int i = 0; i < N; i++) {
		uint64_t r = random_u64(&state);
		struct ft_event ev;

		list[i].nr = r % 4 ? list[i ? i - 1 : 0].nr : (int32_t)(r >> 8) % 3000 - 100;
		list[i].ns = random_u64(&state) >> (random_u64(&state) % 64);
		list[i].error = r >> 40 & 1 ? 1 + (int32_t)(r >> 48) % FT_ERRNO_MAX : 0;
		ev = call(7, list[i].nr, list[i].ns, -list[i].error);
		CHECK_EQ(ft_tally_add(events, 7, 3, &ev), 0);
	}
	CHECK_EQ(ft_tally_add_calls(calls, 7, 3, 0, list, 1000), 0);
	CHECK_EQ(ft_tally_add_calls(calls, 7, 3, 0, list + 1000, N - 1000), 0);
	CHECK_EQ(ft_tally_add_calls(calls, 7, 3, 0, list, 0), 0);
	CHECK(same(calls, events));
	ft_tally_free(events);
	ft_tally_free(calls);
	free(list);
	check_group("calls that have ended count as their events do");
}

int main(void)
{
	test_put();
	test_finished_calls();
	test_buckets();
	test_counts();
	test_wild_values();
	test_percentiles();
	test_compact_histograms();
	test_processes();
	test_merge();
	test_made_up_numbers();
	return check_result();
}
