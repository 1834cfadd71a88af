/* Events of any kind counted in any order: nothing is lost, and what is not bounded by the program is by us. */
#include "fuzz.h"

#include <string.h>

#include "tally.h"

#define EVENTS 64

/* What must be so of each row, and how many calls all have. */
static uint64_t check(const struct ft_tally *t)
{
	static uint64_t counts[FT_HIST_BUCKETS];
	uint64_t calls = 0;
	size_t strangers = 0;

	for (size_t i = 0; i < ft_tally_rows(t); i++) {
		const struct ft_tally_row *row = ft_tally_row(t, i);
		uint64_t timed = 0, failed = 0, of[16], last = 0;
		uint32_t errnos[16];
		size_t n = ft_tally_errnos(t, i, errnos, of, 16);

		calls += row->calls;
		strangers += row->nr < 0 || row->nr >= FT_NR_MAX;
		REQUIRE(row->finished <= row->calls && row->errors <= row->finished);
		REQUIRE(row->min_ns <= row->max_ns);
		ft_tally_hist(t, i, counts);
		for (int b = 0; b < FT_HIST_BUCKETS; b++)
			timed += counts[b];
		REQUIRE(timed == row->finished);
		for (size_t e = 0; e < n && e < 16; e++)
			failed += of[e];
		REQUIRE(n > 16 || failed == row->errors);
		for (double q = 0.05; q <= 1 && i < 32; q += 0.05) {
			uint64_t ns = ft_tally_percentile(t, i, q);

			REQUIRE(ns >= last && ns >= row->min_ns && ns <= row->max_ns);
			last = ns;
		}
	}
	REQUIRE(strangers <= FT_TALLY_STRANGERS_MAX);
	return calls;
}

static struct ft_event take_event(struct input *in)
{
	static const int32_t nrs[] = { 0, 1, 39, 1022, 1023, 1024, 1025, -1, INT32_MIN, INT32_MAX,
		0x40000001 };
	uint8_t how = (uint8_t)take(in, 1), nr = (uint8_t)take(in, 1);
	struct ft_event ev = { .kind = how & 7 ? FT_KIND_SYSCALL : (uint8_t)take(in, 1),
		.abi = how & 8 ? (uint8_t)take(in, 1) : 0,
		.nr = nr < sizeof(nrs) / sizeof(nrs[0]) ? nrs[nr] : (int32_t)take(in, 4),
		.pid = (int32_t)take(in, 1),
		.flags = (uint16_t)(how & 16 ? take(in, 2) : 0) };

	ev.duration_ns = take(in, 1) & 1 ? take(in, 8) : take(in, 2);
	ev.ret = how & 32 ? -(int64_t)take(in, 2) : (int64_t)take(in, 8);
	return ev;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct input in = { data, data + size };
	struct ft_event list[EVENTS];
	struct ft_tally *t[2], *copy;
	uint64_t calls[2] = { 0, 0 };

	REQUIRE(!ft_tally_new(&t[0]) && !ft_tally_new(&t[1]));
	while (in.at < in.end) {
		uint8_t how = (uint8_t)take(&in, 1);
		int which = how & 1;
		size_t n = how >> 4;

		switch (how >> 1 & 7) {
		default:
			for (size_t i = 0; i < n; i++) {
				list[i] = take_event(&in);
				calls[which] += list[i].kind == FT_KIND_SYSCALL;
			}
			if (how & 2)
				REQUIRE(!ft_tally_add_all(t[which], list, n, how & 4));
			for (size_t i = 0; i < n && !(how & 2); i++)
				REQUIRE(!ft_tally_add(t[which], list[i].pid, (int32_t)n, &list[i]));
			break;
		case 5: /* a flood */
			for (int i = 0; i < 200; i++) {
				struct ft_event ev = { .kind = FT_KIND_SYSCALL,
					.nr = FT_NR_MAX + (int)(n << 8) + i };

				REQUIRE(!ft_tally_add(t[which], (int32_t)n, 0, &ev));
			}
			calls[which] += 200;
			break;
		case 6:
			if (calls[which] > 1u << 20)
				break; /* twice as many each time */
			REQUIRE(!ft_tally_merge(t[which], t[!which]));
			calls[which] += calls[!which];
			break;
		case 7:
			REQUIRE(!ft_tally_copy(&copy, t[which]));
			ft_tally_free(t[which]);
			t[which] = copy;
		}
	}
	for (int i = 0; i < 2; i++) {
		REQUIRE(check(t[i]) == calls[i]);
		ft_tally_free(t[i]);
	}
	return 0;
}
