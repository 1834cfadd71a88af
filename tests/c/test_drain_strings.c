/* What comes of the strings in a task's area: those that the recorder has written, and those that lie. */
#define _GNU_SOURCE
#include "engine/inline/drain/drain.h"
#include "forged_calls.h"

#include "check.h"

#define TWO_PATHS (2 * FT_PAYLOAD_SIZE(FT_STRING_MAX))

/* The strings of the call that was put last. Returns where the first item is. */
static struct ft_payload *put_strings(struct forged *f, struct ft_raw *raw, const uint8_t *args,
	const char *const *strings, int n)
{
	struct ft_area *area = (struct ft_area *)f->area;
	struct ft_payload *first = (struct ft_payload *)(f->area + (area->strings - FORGED_BASE));

	raw->strings = (uint32_t)area->strings;
	for (int i = 0; i < n; i++) {
		struct ft_payload *item =
			(struct ft_payload *)(f->area + (area->strings - FORGED_BASE));

		*item = (struct ft_payload){ .length = (uint32_t)strlen(strings[i]),
			.arg = args[i],
			.type = FT_PAYLOAD_STRING };
		memcpy(item + 1, strings[i], item->length);
		area->strings += FT_PAYLOAD_SIZE(item->length);
	}
	raw->end_of_strings = (uint32_t)area->strings;
	return first;
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
	CHECK_EQ(f->payload, 24 + 32 + 24);
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
	CHECK_EQ(f->payload, 18 * TWO_PATHS);
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
	size_t n = TWO_PATHS / sizeof(*item) - 1;

	for (size_t i = 0; i < n; i++)
		item[i] = (struct ft_payload){ .length = 0, .arg = 1, .type = FT_PAYLOAD_STRING };
	item[n] = (struct ft_payload){ .length = FT_STRING_MAX, .arg = 3 };
	memset(item + n + 1, 'A', FT_STRING_MAX);
	raw->end_of_strings = (uint32_t)forged_address(f, item + n + 1) + FT_STRING_MAX;
}

static void before_area(struct forged *f, struct ft_raw *raw, struct ft_payload *item)
{
	(void)item;
	(void)f;
	raw->strings = (uint32_t)(FORGED_BASE - 8);
}

static void in_records(struct forged *f, struct ft_raw *raw, struct ft_payload *item)
{
	(void)item;
	raw->strings = (uint32_t)forged_address(f, raw);
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
	raw->end_of_strings = (uint32_t)(FORGED_BASE + FT_AREA_STEP + 8);
}

static void ends_nowhere(struct forged *f, struct ft_raw *raw, struct ft_payload *item)
{
	(void)item;
	(void)f;
	raw->end_of_strings = UINT32_MAX;
}

static void odd_start(struct forged *f, struct ft_raw *raw, struct ft_payload *item)
{
	(void)f;
	memmove((uint8_t *)item + 4, item, 24);
	raw->strings += 4;
	raw->end_of_strings = raw->strings + 24;
}

static void head_at_end(struct forged *f, struct ft_raw *raw, struct ft_payload *item)
{
	struct ft_payload *last = (struct ft_payload *)(f->area + FT_AREA_STEP) - 1;

	*last = *item;
	raw->strings = (uint32_t)forged_address(f, last);
	raw->end_of_strings = (uint32_t)(FORGED_BASE + FT_AREA_STEP);
}

static void too_long(struct forged *f, struct ft_raw *raw, struct ft_payload *item)
{
	item->length = FT_STRING_MAX + 1;
	raw->end_of_strings = (uint32_t)forged_address(f, item) + 2 * FT_STRING_MAX;
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
	item = (struct ft_payload *)((uint8_t *)item + FT_PAYLOAD_SIZE(8));
	item->arg = 1; /* the second's */
}

static void more_than_two(struct forged *f, struct ft_raw *raw, struct ft_payload *item)
{
	raw->nr = SYS_linkat;
	forged_captures(f, SYS_linkat, false);
	ft_programs_table(&f->s, &f->in, f->tables);
	for (uint8_t i = 0; i < 3; i++) {
		struct ft_payload *one = item + i * FT_PAYLOAD_SIZE(FT_STRING_MAX) / sizeof(*item);

		*one = (struct ft_payload){
			.length = FT_STRING_MAX, .arg = i == 2 ? 3 : 1, .type = FT_PAYLOAD_STRING
		};
		memset(one + 1, 'A', FT_STRING_MAX);
	}
	raw->end_of_strings = raw->strings + 3 * (uint32_t)FT_PAYLOAD_SIZE(FT_STRING_MAX);
}

static void after_the_call(struct forged *f, struct ft_raw *raw, struct ft_payload *item)
{
	(void)f;
	(void)raw;
	item->flags = FT_PAYLOAD_EXIT; /* a path never is */
}

static void other_type(struct forged *f, struct ft_raw *raw, struct ft_payload *item)
{
	(void)f;
	(void)raw;
	item->type = FT_PAYLOAD_BYTES;
}

static void faulty(struct forged *f, struct ft_raw *raw, struct ft_payload *item)
{
	(void)f;
	(void)raw;
	item->flags = 0xffff & ~FT_PAYLOAD_EXIT;
}

static void ends_within(struct forged *f, struct ft_raw *raw, struct ft_payload *item)
{
	(void)f;
	(void)raw;
	memset(item + 1, 0, 3);
}

static const struct lie lies[] = {
	{ "many empty items, then the longest", empty_items, 16 },
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
	{ "two strings of one argument", same_argument, 24 },
	{ "more strings than the call has", more_than_two, TWO_PATHS / 2 },
	{ "a path behind the call", after_the_call, 0 },
	{ "a path that is none", other_type, 0 },
	{ "unknown flags", faulty, 24 + 32 },
	{ "a string with a NUL in it", ends_within, 16 + 32 },
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

int main(void)
{
	test_strings();
	test_lies();
	test_shared_strings();
	return check_result();
}
