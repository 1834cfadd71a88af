/* Words of a dictionary: numbered once, as UTF-8, however many there are. Fields of events, as columns. */
#include "decode/columns.h"
#include "decode/fields.h"

#include <stdio.h>
#include <string.h>

#include "check.h"

static int32_t number_of(struct ft_words *w, const char *bytes, size_t length)
{
	int32_t number = -1;

	CHECK(ft_words_utf8_number(w, (const uint8_t *)bytes, length, &number) == 0);
	return number;
}

static void is_word(const struct ft_words *w, size_t i, const char *expected)
{
	const int64_t *ends;
	const uint8_t *text = ft_words_text(w, &ends);
	size_t start = i ? (size_t)ends[i - 1] : 0;

	CHECK_EQ((size_t)ends[i] - start, strlen(expected));
	CHECK(!memcmp(text + start, expected, strlen(expected)));
}

static void bytes_as_utf8(void)
{
	static const struct {
		const char *bytes, *word;
	} cases[] = {
		{ "", "" },
		{ "/etc/hosts", "/etc/hosts" },
		{ "caf\xc3\xa9", "caf\xc3\xa9" },
		{ "\xff", "\\xff" },
		{ "a\xc3", "a\\xc3" },
		{ "\xc0\x80", "\\xc0\\x80" }, /* longer than it need be */
		{ "\xed\xa0\x80", "\\xed\\xa0\\x80" }, /* a surrogate */
		{ "\xf0\x9f\x98\x80", "\xf0\x9f\x98\x80" },
		{ "\xf4\x90\x80\x80", "\\xf4\\x90\\x80\\x80" }, /* beyond U+10FFFF */
		{ "\xe2\x82z", "\\xe2\\x82z" },
	};
	struct ft_words *w;

	CHECK(ft_words_new(&w, 1) == 0);
	for (int32_t i = 0; i < (int32_t)(sizeof(cases) / sizeof(cases[0])); i++) {
		CHECK_EQ(number_of(w, cases[i].bytes, strlen(cases[i].bytes)), i);
		is_word(w, (size_t)i, cases[i].word);
		/* The text of an escape and what it stands for are one word. */
		CHECK_EQ(number_of(w, cases[i].word, strlen(cases[i].word)), i);
	}
	ft_words_free(w);
	check_group("bytes become UTF-8, and each text has one number");
}

static void many_words(void)
{
	char bytes[32];
	struct ft_words *w;

	CHECK(ft_words_new(&w, 0x1234567890abcdef) == 0);
	for (int round = 0; round < 3; round++) {
		for (int32_t i = 0; i < 20000; i++) {
			int length = snprintf(bytes, sizeof(bytes), "/some/where/%d", i);

			if (number_of(w, bytes, (size_t)length) != i)
				CHECK(0);
		}
		CHECK_EQ(ft_words_count(w), 20000);
		if (round == 1)
			ft_words_clear(w);
	}
	ft_words_free(w);
	check_group("words keep their numbers while the table grows");
}

static void long_words(void)
{
	static char bytes[2 * FT_STRING_MAX];
	struct ft_words *w;

	CHECK(ft_words_new(&w, 1) == 0);
	memset(bytes, 0xff, sizeof(bytes));
	CHECK_EQ(number_of(w, bytes, sizeof(bytes)), 0);
	CHECK_EQ(number_of(w, bytes, FT_STRING_MAX), 0);
	memset(bytes, 'a', sizeof(bytes));
	CHECK_EQ(number_of(w, bytes, sizeof(bytes)), 1);
	ft_words_free(w);
	check_group("no word is longer than a path");
}

#define EVENTS 600 /* more than are looked at at a time */

static void fields_of_events(void)
{
	static struct ft_event events[EVENTS];
	static uint64_t durations[EVENTS + 1];
	static int32_t pids[EVENTS + 1], kinds[EVENTS + 1], places[256];
	static uint8_t valid[EVENTS + 1];
	struct ft_column columns[] = {
		{ .of = FT_COLUMN_FIELD,
			.offset = offsetof(struct ft_event, pid),
			.size = 4,
			.values = pids },
		{ .of = FT_COLUMN_DURATION, .values = durations, .valid = valid },
		{ .of = FT_COLUMN_KIND, .values = kinds, .places = places },
	};

	memset(places, 0xff, sizeof(places));
	places[FT_KIND_SYSCALL] = 7;
	for (int i = 0; i < EVENTS; i++)
		events[i] = (struct ft_event){ .pid = 1000 + i,
			.kind = i % 3 ? FT_KIND_SYSCALL : FT_KIND_SIGNAL,
			.flags = i % 2 ? FT_FLAG_UNFINISHED : 0,
			.duration_ns = i == 5 ? 9 : 0 };
	pids[0] = 1;
	ft_fill_columns(events, EVENTS, columns, 3, 1);
	CHECK_EQ(pids[0], 1);
	CHECK(columns[2].is_open && !columns[0].is_open);
	for (int i = 0; i < EVENTS; i++) {
		CHECK_EQ(pids[1 + i], 1000 + i);
		CHECK_EQ(durations[1 + i], i == 5 ? 9 : 0);
		CHECK_EQ(valid[1 + i], (i % 3 && i % 2 == 0) || i == 5);
		CHECK_EQ(kinds[1 + i], i % 3 ? 7 : -1);
	}
	places[FT_KIND_SIGNAL] = 8;
	ft_fill_columns(events, EVENTS, columns, 3, 0);
	CHECK(!columns[2].is_open);
	CHECK_EQ(kinds[0], 8);
	check_group("columns are filled from a row on, and what has no word is told");
}

int main(void)
{
	bytes_as_utf8();
	many_words();
	long_words();
	fields_of_events();
	return check_result();
}
