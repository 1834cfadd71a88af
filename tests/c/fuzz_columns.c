/*
 * Any items behind any events: words are UTF-8 and each has one number, and sizes stay inside the stream. Any events:
 * numbers that no table has are told.
 */
#include "fuzz.h"

#include <string.h>

#include "decode/columns.h"
#include "decode/fields.h"

#define EVENTS	16
#define PAYLOAD 256

static bool is_utf8(const uint8_t *s, size_t length)
{
	for (size_t i = 0; i < length; i++) {
		unsigned more = s[i] < 0x80 ? 0 : s[i] < 0xe0 ? 1 : s[i] < 0xf0 ? 2 : 3;

		if (s[i] >= 0x80 && (s[i] < 0xc2 || s[i] > 0xf4 || more >= length - i))
			return false;
		for (; more; more--)
			if ((s[++i] & 0xc0) != 0x80)
				return false;
	}
	return true;
}

static void check_words(const struct ft_words *words)
{
	const int64_t *ends;
	const uint8_t *text = ft_words_text(words, &ends);
	size_t count = ft_words_count(words);

	for (size_t i = 0; i < count; i++) {
		size_t start = i ? (size_t)ends[i - 1] : 0, length = (size_t)ends[i] - start;

		REQUIRE(ends[i] >= (int64_t)start && is_utf8(text + start, length));
		for (size_t k = 0; k < i; k++) {
			size_t other = k ? (size_t)ends[k - 1] : 0;

			REQUIRE((size_t)ends[k] - other != length ||
				memcmp(text + other, text + start, length));
		}
	}
}

static void check_fields(const struct ft_event *events)
{
	static int32_t places[FT_ABI_COUNT * FT_NR_MAX + 256];
	static uint8_t arguments[FT_ABI_COUNT * FT_NR_MAX];
	int32_t names[EVENTS], errnos[EVENTS], fds[EVENTS];
	uint8_t errno_valid[EVENTS], fd_valid[EVENTS];
	struct ft_column columns[] = {
		{ .of = FT_COLUMN_NAME, .values = names, .places = places },
		{ .of = FT_COLUMN_ERRNO, .values = errnos, .valid = errno_valid, .places = places },
		{ .of = FT_COLUMN_DESCRIPTOR,
			.values = fds,
			.valid = fd_valid,
			.arguments = arguments },
	};
	bool is_strange = false;

	for (size_t i = 0; i < sizeof(arguments); i++)
		arguments[i] = (uint8_t)(i % 7);
	ft_fill_columns(events, EVENTS, columns, 3, 0);
	for (int i = 0; i < EVENTS; i++) {
		bool is_call = events[i].kind == FT_KIND_SYSCALL;
		bool is_known = events[i].abi < FT_ABI_COUNT && events[i].nr >= 0 &&
				events[i].nr < FT_NR_MAX;

		REQUIRE(names[i] == (is_call && !is_known ? -1 : 0));
		is_strange |= names[i] < 0;
		REQUIRE(!fd_valid[i] || (is_call && is_known));
		REQUIRE(errnos[i] == 0 || (errno_valid[i] && errnos[i] == -1));
	}
	REQUIRE(columns[0].is_open == is_strange);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static uint8_t wanted[FT_ABI_COUNT * FT_NR_MAX], out[EVENTS * PAYLOAD];
	struct input in = { data, data + size };
	struct ft_event events[EVENTS];
	uint8_t payload[PAYLOAD];
	uint64_t sizes[EVENTS], total = 0;
	int32_t numbers[EVENTS];
	struct ft_words *words;
	size_t length = take(&in, 1);

	for (size_t i = 0; i < sizeof(wanted); i++)
		wanted[i] = (uint8_t)(i * 7);
	memset(events, 0, sizeof(events));
	for (int i = 0; i < EVENTS; i++) {
		uint8_t how = (uint8_t)take(&in, 1);

		events[i].kind = how & 1 ? FT_KIND_SYSCALL : (uint8_t)take(&in, 1);
		events[i].flags = how & 2 ? FT_FLAG_PAYLOAD : 0;
		events[i].abi = how & 4 ? (uint8_t)take(&in, 1) : 0;
		events[i].nr = how & 8 ? (int32_t)take(&in, 4) : 3;
		events[i].ret = how & 32 ? (int64_t)take(&in, 8) : -2;
		events[i].flags |= how & 64 ? FT_FLAG_ERROR : 0;
		events[i].payload = how & 16 ? take(&in, 8) : take(&in, 1) & ~7u;
	}
	for (size_t i = 0; i < PAYLOAD; i++)
		payload[i] = (uint8_t)take(&in, 1);
	if (ft_words_new(&words, take(&in, 8)) < 0)
		return 0;
	for (int round = 0; round < 2; round++) {
		REQUIRE(ft_first_paths(events, EVENTS, payload, length, wanted, words, numbers) ==
			0);
		for (int i = 0; i < EVENTS; i++)
			REQUIRE(numbers[i] >= -1 && numbers[i] < (int32_t)ft_words_count(words));
		check_words(words);
		ft_words_clear(words);
		REQUIRE(ft_words_count(words) == 0);
	}
	ft_words_free(words);
	check_fields(events);
	ft_item_sizes(events, EVENTS, payload, length, sizes);
	for (int i = 0; i < EVENTS; i++) {
		REQUIRE(!sizes[i] ||
			(events[i].payload < length && sizes[i] <= length - events[i].payload));
		total += sizes[i];
	}
	ft_copy_items(events, EVENTS, payload, length, sizes, out);
	if (sizes[0])
		REQUIRE(!memcmp(out, payload + events[0].payload, sizes[0]));
	REQUIRE(total <= sizeof(out));
	return 0;
}
