/* What comes of a task's area: of one that the recorder has written, and of one that lies. */
#define _GNU_SOURCE
#include "engine/inline/drain/drain.h"
#include "engine/inline/stops/normalise.h"
#include "forged.h"

#include <pthread.h>

#include "check.h"

#define EVENTS (FT_OPT_EVENTS | FT_OPT_TALLY | FT_OPT_STRINGS)

/* The next call, as the recorder writes it. False: it is at the end of an area without a free block. */
static bool put_call(struct forged *f, uint64_t nr)
{
	struct ft_area *area = (struct ft_area *)f->area;
	struct ft_raw *raw = (struct ft_raw *)(f->area + (area->cur - FORGED_BASE));

	*raw = (struct ft_raw){ .start = ft_tsc_now(), .nr = nr, .ret = -2 };
	area->busy = area->cur;
	raw->end = ft_tsc_now();
	area->cur += sizeof(*raw);
	if ((area->cur & 0xffff) == 0) {
		uint64_t *link = (uint64_t *)(f->area + (area->cur - FORGED_BASE)), next = *link;

		*link = 0;
		if (!next)
			return false;
		area->cur = next;
	}
	return true;
}

/* The strings of the call that was put last. Returns where the first item is. */
static struct ft_payload *put_strings(struct forged *f, struct ft_raw *raw, const uint8_t *args,
	const char *const *strings, int n)
{
	struct ft_area *area = (struct ft_area *)f->area;
	struct ft_payload *first = (struct ft_payload *)(f->area + (area->strings - FORGED_BASE));

	raw->strings = area->strings;
	for (int i = 0; i < n; i++) {
		struct ft_payload *item =
			(struct ft_payload *)(f->area + (area->strings - FORGED_BASE));

		*item = (struct ft_payload){ .length = (uint32_t)strlen(strings[i]),
			.arg = args[i],
			.type = FT_PAYLOAD_STRING };
		memcpy(item + 1, strings[i], item->length);
		area->strings += FT_PAYLOAD_SIZE(item->length);
	}
	raw->end_of_strings = area->strings;
	return first;
}

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

static void test_strings(void)
{
	static const char *const paths[] = { "/a/path", "/another one", "x" };
	static const uint8_t args[] = { 1, 3 }, first[] = { 0 };
	char longest[FT_STRING_MAX + 1];
	const char *const long_paths[] = { longest, longest };
	struct forged *f = forged_new(EVENTS);

	put_call(f, SYS_renameat);
	put_strings(f, forged_record(f, 0), args, paths, 2);
	put_call(f, SYS_open);
	put_strings(f, forged_record(f, 1), first, paths + 2, 1);
	ft_drain(&f->s, &f->it);
	forged_take(f);
	CHECK_EQ(f->with_strings, 2);
	CHECK_EQ(f->payload, 16 + 24 + 16);
	CHECK(!strcmp(f->path, "x"));
	memset(longest, 'y', FT_STRING_MAX);
	longest[FT_STRING_MAX] = 0;
	for (int i = 2; i < 20; i++) {
		put_call(f, SYS_renameat);
		put_strings(f, forged_record(f, (unsigned)i), args, long_paths, 2);
	}
	ft_drain(&f->s, &f->it);
	forged_take(f);
	CHECK_EQ(f->with_strings, 18);
	CHECK_EQ(f->payload, 18 * FT_STRINGS_ROOM);
	CHECK_EQ(strlen(f->path), FT_STRING_MAX);
	forged_free(f);
	check_group("strings come as they were written, the longest too");
}

/* One call of renameat with two strings, after which `spoil` changes what it likes. */
struct lie {
	const char *what;
	void (*spoil)(struct forged *f, struct ft_raw *raw, struct ft_payload *item);
	size_t payload; /* that is left of it */
};

static void empty_items(struct forged *f, struct ft_raw *raw, struct ft_payload *item)
{
	/* The room of two strings in items without text, and then the longest. */
	size_t n = FT_STRINGS_ROOM / sizeof(*item) - 1;

	for (size_t i = 0; i < n; i++)
		item[i] = (struct ft_payload){ .length = 0, .arg = 1, .type = FT_PAYLOAD_STRING };
	item[n] = (struct ft_payload){ .length = FT_STRING_MAX, .arg = 3 };
	memset(item + n + 1, 'A', FT_STRING_MAX);
	raw->end_of_strings = forged_address(f, item + n + 1) + FT_STRING_MAX;
}

static void before_area(struct forged *f, struct ft_raw *raw, struct ft_payload *item)
{
	(void)item;
	(void)f;
	raw->strings = FORGED_BASE - 8;
}

static void in_records(struct forged *f, struct ft_raw *raw, struct ft_payload *item)
{
	(void)item;
	raw->strings = forged_address(f, raw);
}

static void ends_before(struct forged *f, struct ft_raw *raw, struct ft_payload *item)
{
	(void)item;
	(void)f;
	raw->end_of_strings = raw->strings - 8;
}

static void ends_behind(struct forged *f, struct ft_raw *raw, struct ft_payload *item)
{
	(void)item;
	(void)f;
	raw->end_of_strings = FORGED_BASE + FT_AREA_STEP + 8;
}

static void ends_nowhere(struct forged *f, struct ft_raw *raw, struct ft_payload *item)
{
	(void)item;
	(void)f;
	raw->end_of_strings = UINT64_MAX;
}

static void odd_start(struct forged *f, struct ft_raw *raw, struct ft_payload *item)
{
	(void)f;
	memmove((uint8_t *)item + 4, item, 16);
	raw->strings += 4;
	raw->end_of_strings = raw->strings + 16;
}

static void head_at_end(struct forged *f, struct ft_raw *raw, struct ft_payload *item)
{
	struct ft_payload *last = (struct ft_payload *)(f->area + FT_AREA_STEP) - 1;

	*last = *item;
	raw->strings = forged_address(f, last);
	raw->end_of_strings = FORGED_BASE + FT_AREA_STEP;
}

static void too_long(struct forged *f, struct ft_raw *raw, struct ft_payload *item)
{
	item->length = FT_STRING_MAX + 1;
	raw->end_of_strings = forged_address(f, item) + 2 * FT_STRING_MAX;
}

static void longer_than_there(struct forged *f, struct ft_raw *raw, struct ft_payload *item)
{
	(void)f;
	(void)raw;
	item->length = 1000;
}

static void longest_of_all(struct forged *f, struct ft_raw *raw, struct ft_payload *item)
{
	(void)f;
	(void)raw;
	item->length = UINT32_MAX - 3; /* rounded up it is 0 in 32 bits */
}

static void other_argument(struct forged *f, struct ft_raw *raw, struct ft_payload *item)
{
	(void)f;
	(void)raw;
	item->arg = 2;
}

static void no_argument(struct forged *f, struct ft_raw *raw, struct ft_payload *item)
{
	(void)f;
	(void)raw;
	item->arg = 200;
}

static void same_argument(struct forged *f, struct ft_raw *raw, struct ft_payload *item)
{
	(void)f;
	(void)raw;
	item[2].arg = 1; /* the second item: the first has 8 bytes of text */
}

static void more_than_two(struct forged *f, struct ft_raw *raw, struct ft_payload *item)
{
	raw->nr = SYS_linkat;
	f->s.policy[SYS_linkat] |= FT_POLICY_STRING_0 * 15;
	for (uint8_t i = 0; i < 4; i++) {
		struct ft_payload *one = item + i * FT_PAYLOAD_SIZE(FT_STRING_MAX) / sizeof(*item);

		*one = (struct ft_payload){ .length = FT_STRING_MAX, .arg = i };
		memset(one + 1, 'A', FT_STRING_MAX);
	}
	raw->end_of_strings = raw->strings + 4 * FT_PAYLOAD_SIZE(FT_STRING_MAX);
}

static void faulty(struct forged *f, struct ft_raw *raw, struct ft_payload *item)
{
	(void)f;
	(void)raw;
	item->flags = 0xffff;
	item->type = FT_PAYLOAD_ARGV;
}

static void ends_within(struct forged *f, struct ft_raw *raw, struct ft_payload *item)
{
	(void)f;
	(void)raw;
	memset(item + 1, 0, 3);
}

static const struct lie lies[] = {
	{ "many empty items, then the longest", empty_items, 8 },
	{ "strings before the area", before_area, 0 },
	{ "strings among the records", in_records, 0 },
	{ "strings that end before they begin", ends_before, 0 },
	{ "strings that end behind the area", ends_behind, 0 },
	{ "strings that end nowhere", ends_nowhere, 0 },
	{ "strings at an odd place", odd_start, 0 },
	{ "a head without room for its text", head_at_end, 0 },
	{ "a string that is too long", too_long, 0 },
	{ "a string beyond the call's", longer_than_there, 0 },
	{ "the greatest length", longest_of_all, 0 },
	{ "a string of another argument", other_argument, 0 },
	{ "a string of no argument", no_argument, 0 },
	{ "two strings of one argument", same_argument, 16 },
	{ "more strings than are copied for one call", more_than_two, FT_STRINGS_ROOM },
	{ "unknown flags and types", faulty, 8 + 24 },
	{ "a string with a NUL in it", ends_within, 8 + 24 },
};

static void test_lies(void)
{
	static const char *const paths[] = { "12345678", "/another path" };
	static const uint8_t args[] = { 1, 3 };

	for (size_t i = 0; i < sizeof(lies) / sizeof(lies[0]); i++) {
		struct forged *f = forged_new(EVENTS);
		struct ft_raw *raw = forged_record(f, 0);
		struct ft_payload *item;

		put_call(f, SYS_renameat);
		item = put_strings(f, raw, args, paths, 2);
		lies[i].spoil(f, raw, item);
		ft_drain(&f->s, &f->it);
		forged_take(f);
		CHECK_EQ(f->events, 1);
		CHECK_EQ(f->payload, lies[i].payload);
		if (f->payload != lies[i].payload)
			fprintf(stderr, "%s\n", lies[i].what);
		forged_free(f);
	}
	check_group("of strings that lie no more is taken than is true");
}

/* The same bytes for all records of an area: what they cost the task must bound what they cost us. */
static void test_shared_strings(void)
{
	static const char *const paths[] = { "/some/path" };
	static const uint8_t args[] = { 1 };
	struct forged *f = forged_new(EVENTS);
	const struct ft_raw *first = forged_record(f, 0);

	for (unsigned i = 0; i < PER_BLOCK - 1; i++) {
		put_call(f, SYS_openat);
		if (i == 0)
			put_strings(f, forged_record(f, 0), args, paths, 1);
		*forged_record(f, i) = *first;
	}
	ft_drain(&f->s, &f->it);
	forged_take(f);
	CHECK_EQ(f->events, PER_BLOCK - 1);
	CHECK_EQ(f->with_strings, 1);
	forged_free(f);
	check_group("the same strings are taken once");
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
	forged_record(f, 0)->strings = FORGED_BASE + FT_STRINGS_AT;
	forged_record(f, 0)->end_of_strings = FORGED_BASE + FT_AREA_STEP;
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

		state ^= state << 13;
		state ^= state >> 7;
		state ^= state << 17;
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
	test_strings();
	test_lies();
	test_shared_strings();
	test_positions();
	test_jumps();
	test_times();
	test_no_memory();
	test_meanwhile();
	return check_result();
}
