/* Words of a dictionary: numbered once, as UTF-8, however many there are. */
#include "decode/columns.h"

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

int main(void)
{
	bytes_as_utf8();
	many_words();
	long_words();
	return check_result();
}
