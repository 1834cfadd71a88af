#include "decode/words.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "event.h"

#define SLOTS_FIRST 1024 /* a power of two */
#define ESCAPE	    4  /* \xff */
#define NO_ASCII    0x8080808080808080u /* any of eight bytes */

struct ft_words {
	uint8_t *text;
	size_t text_used, text_room;
	int64_t *ends;
	uint32_t *hashes;
	size_t count, room;
	int32_t *slots; /* open-addressed: 1 + a word's number */
	size_t slots_mask;
	uint64_t seed;
};

int ft_words_new(struct ft_words **out, uint64_t seed)
{
	struct ft_words *w = calloc(1, sizeof(*w));

	if (!w)
		return -ENOMEM;
	w->seed = seed;
	w->slots = calloc(SLOTS_FIRST, sizeof(*w->slots));
	if (!w->slots) {
		free(w);
		return -ENOMEM;
	}
	w->slots_mask = SLOTS_FIRST - 1;
	*out = w;
	return 0;
}

void ft_words_free(struct ft_words *w)
{
	if (!w)
		return;
	free(w->text);
	free(w->ends);
	free(w->hashes);
	free(w->slots);
	free(w);
}

void ft_words_clear(struct ft_words *w)
{
	w->count = 0;
	w->text_used = 0;
	memset(w->slots, 0, (w->slots_mask + 1) * sizeof(*w->slots));
}

static uint64_t stirred(const struct ft_words *w, uint64_t h, uint64_t part)
{
	h = (h ^ part) * 0x9e3779b97f4a7c15u;
	return h ^ h >> 29 ^ w->seed >> 7;
}

static uint32_t hash_of(const struct ft_words *w, const uint8_t *data, size_t length)
{
	uint64_t h = w->seed ^ length, part = 0;

	for (; length >= sizeof(part); length -= sizeof(part), data += sizeof(part)) {
		memcpy(&part, data, sizeof(part));
		h = stirred(w, h, part);
	}
	if (length) {
		part = 0;
		memcpy(&part, data, length);
		h = stirred(w, h, part);
	}
	h *= 0xd6e8feb86659fd93u;
	return (uint32_t)(h >> 32);
}

/* How many bytes a character in UTF-8 takes; 0: none begins here. */
static size_t character(const uint8_t *s, size_t left)
{
	static const struct {
		uint8_t first, last, low, high; /* the second byte: from low to high */
		uint8_t length;
	} forms[] = {
		{ 0xc2, 0xdf, 0x80, 0xbf, 2 },
		{ 0xe0, 0xe0, 0xa0, 0xbf, 3 },
		{ 0xe1, 0xec, 0x80, 0xbf, 3 },
		{ 0xed, 0xed, 0x80, 0x9f, 3 }, /* no surrogates */
		{ 0xee, 0xef, 0x80, 0xbf, 3 },
		{ 0xf0, 0xf0, 0x90, 0xbf, 4 },
		{ 0xf1, 0xf3, 0x80, 0xbf, 4 },
		{ 0xf4, 0xf4, 0x80, 0x8f, 4 },
	};

	if (s[0] < 0x80)
		return 1;
	for (size_t i = 0; i < sizeof(forms) / sizeof(forms[0]); i++) {
		if (s[0] < forms[i].first || s[0] > forms[i].last)
			continue;
		if (left < forms[i].length || s[1] < forms[i].low || s[1] > forms[i].high)
			return 0;
		for (size_t k = 2; k < forms[i].length; k++)
			if ((s[k] & 0xc0) != 0x80)
				return 0;
		return forms[i].length;
	}
	return 0;
}

static size_t valid_part(const uint8_t *data, size_t length)
{
	size_t at = 0, step;
	uint64_t part;

	while (at < length) {
		if (length - at >= sizeof(part)) {
			memcpy(&part, data + at, sizeof(part));
			if (!(part & NO_ASCII)) {
				at += sizeof(part);
				continue;
			}
		}
		step = character(data + at, length - at);
		if (!step)
			break;
		at += step;
	}
	return at;
}

static size_t escaped(const uint8_t *data, size_t length, uint8_t *out)
{
	static const char digits[] = "0123456789abcdef";
	size_t n = 0, step;

	for (size_t at = 0; at < length; at += step) {
		step = character(data + at, length - at);
		if (step) {
			memcpy(out + n, data + at, step);
			n += step;
			continue;
		}
		step = 1;
		out[n++] = '\\';
		out[n++] = 'x';
		out[n++] = (uint8_t)digits[data[at] >> 4];
		out[n++] = (uint8_t)digits[data[at] & 15];
	}
	return n;
}

static int grow_slots(struct ft_words *w)
{
	size_t count = 2 * (w->slots_mask + 1);
	int32_t *slots = calloc(count, sizeof(*slots));

	if (!slots)
		return -ENOMEM;
	for (size_t i = 0; i < w->count; i++) {
		size_t at = w->hashes[i];

		while (slots[at & (count - 1)])
			at++;
		slots[at & (count - 1)] = (int32_t)i + 1;
	}
	free(w->slots);
	w->slots = slots;
	w->slots_mask = count - 1;
	return 0;
}

static int grow_words(struct ft_words *w)
{
	size_t room = 2 * w->room + 64;
	int64_t *ends = realloc(w->ends, room * sizeof(*ends));
	uint32_t *hashes;

	if (!ends)
		return -ENOMEM;
	w->ends = ends;
	hashes = realloc(w->hashes, room * sizeof(*hashes));
	if (!hashes)
		return -ENOMEM;
	w->hashes = hashes;
	w->room = room;
	return 0;
}

static int grow_text(struct ft_words *w, size_t more)
{
	size_t room = 2 * w->text_room + more;
	uint8_t *text = realloc(w->text, room);

	if (!text)
		return -ENOMEM;
	w->text = text;
	w->text_room = room;
	return 0;
}

static size_t begin_of(const struct ft_words *w, size_t i)
{
	return i ? (size_t)w->ends[i - 1] : 0;
}

int ft_words_number(struct ft_words *w, const uint8_t *data, size_t length, int32_t *number)
{
	uint32_t hash = hash_of(w, data, length);
	size_t at, i;

	for (at = hash; w->slots[at & w->slots_mask]; at++) {
		i = (size_t)w->slots[at & w->slots_mask] - 1;
		if (w->hashes[i] == hash && (size_t)w->ends[i] - begin_of(w, i) == length &&
			!memcmp(w->text + begin_of(w, i), data, length)) {
			*number = (int32_t)i;
			return 0;
		}
	}
	if (w->count == INT32_MAX)
		return -EOVERFLOW;
	if (2 * (w->count + 1) > w->slots_mask + 1) {
		if (grow_slots(w) < 0)
			return -ENOMEM;
		for (at = hash; w->slots[at & w->slots_mask]; at++)
			;
	}
	if (w->count == w->room && grow_words(w) < 0)
		return -ENOMEM;
	/* One byte at least, so that there is something to compare an empty word with. */
	if (w->text_room - w->text_used <= length && grow_text(w, length + 1) < 0)
		return -ENOMEM;
	if (length)
		memcpy(w->text + w->text_used, data, length);
	w->text_used += length;
	w->ends[w->count] = (int64_t)w->text_used;
	w->hashes[w->count] = hash;
	*number = (int32_t)w->count++;
	w->slots[at & w->slots_mask] = *number + 1;
	return 0;
}

int ft_words_utf8_number(struct ft_words *w, const uint8_t *data, size_t length, int32_t *number)
{
	uint8_t text[ESCAPE * FT_STRING_MAX];

	if (length > FT_STRING_MAX)
		length = FT_STRING_MAX;
	if (valid_part(data, length) < length) {
		length = escaped(data, length, text);
		data = text;
	}
	return ft_words_number(w, data, length, number);
}

size_t ft_words_count(const struct ft_words *w)
{
	return w->count;
}

const uint8_t *ft_words_text(const struct ft_words *w, const int64_t **ends)
{
	*ends = w->ends;
	return w->text;
}
