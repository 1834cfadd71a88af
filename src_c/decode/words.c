#include "decode/words.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "event.h"

#define SLOTS_FIRST 1024 /* a power of two */
#define ESCAPE	    4  /* \xff */
#define STIR	    0x9e3779b97f4a7c15u
#define NO_ASCII    0x8080808080808080u /* any of eight bytes */

struct slot {
	uint32_t hash;
	int32_t taken; /* 1 + a word's number; 0: free */
};

struct ft_words {
	uint8_t *text;
	size_t text_used, text_room;
	int64_t *ends;
	size_t count, room;
	struct slot *slots; /* open-addressed */
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
	free(w->slots);
	free(w);
}

void ft_words_clear(struct ft_words *w)
{
	w->count = 0;
	w->text_used = 0;
	memset(w->slots, 0, (w->slots_mask + 1) * sizeof(*w->slots));
}

/* Both halves of the product: each bit of it depends on most of both factors. */
static uint64_t folded(uint64_t a, uint64_t b)
{
#ifdef __SIZEOF_INT128__
	unsigned __int128 product = (unsigned __int128)a * b;

	return (uint64_t)product ^ (uint64_t)(product >> 64);
#else
	uint64_t low = (uint64_t)(uint32_t)a * (uint32_t)b;
	uint64_t right = (uint64_t)(uint32_t)a * (b >> 32), left = (a >> 32) * (uint32_t)b;
	uint64_t carry = (low >> 32) + (uint32_t)right + (uint32_t)left;

	return (a * b) ^ ((a >> 32) * (b >> 32) + (right >> 32) + (left >> 32) + (carry >> 32));
#endif
}

static uint64_t part_of(const uint8_t *data)
{
	uint64_t part;

	memcpy(&part, data, sizeof(part));
	return part;
}

static uint32_t hash_of(const struct ft_words *w, const uint8_t *data, size_t length)
{
	uint64_t seed = w->seed * 2 + 1, h = seed ^ length, last[2] = { 0, 0 };

	for (; length > sizeof(last); length -= sizeof(last), data += sizeof(last))
		h = folded(part_of(data) ^ h, part_of(data + 8) ^ seed ^ STIR);
	if (length)
		memcpy(last, data, length);
	h = folded(last[0] ^ h, last[1] ^ seed ^ STIR);
	return (uint32_t)(folded(h ^ seed, STIR) >> 32);
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

static struct slot *free_slot(struct slot *slots, size_t mask, uint32_t hash)
{
	size_t at = hash;

	while (slots[at & mask].taken)
		at++;
	return &slots[at & mask];
}

static int grow_slots(struct ft_words *w)
{
	size_t count = 2 * (w->slots_mask + 1);
	struct slot *slots = calloc(count, sizeof(*slots));

	if (!slots)
		return -ENOMEM;
	for (size_t i = 0; i <= w->slots_mask; i++)
		if (w->slots[i].taken)
			*free_slot(slots, count - 1, w->slots[i].hash) = w->slots[i];
	free(w->slots);
	w->slots = slots;
	w->slots_mask = count - 1;
	return 0;
}

static int grow_words(struct ft_words *w)
{
	size_t room = 2 * w->room + 64;
	int64_t *ends = realloc(w->ends, room * sizeof(*ends));

	if (!ends)
		return -ENOMEM;
	w->ends = ends;
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

static const struct slot *find(
	const struct ft_words *w, const uint8_t *data, size_t length, uint32_t hash)
{
	const struct slot *slot;

	for (size_t at = hash; (slot = &w->slots[at & w->slots_mask])->taken; at++) {
		size_t i = (size_t)slot->taken - 1;

		if (slot->hash == hash && (size_t)w->ends[i] - begin_of(w, i) == length &&
			!memcmp(w->text + begin_of(w, i), data, length))
			break;
	}
	return slot;
}

static int add(struct ft_words *w, const uint8_t *data, size_t length, uint32_t hash)
{
	if (w->count == INT32_MAX)
		return -EOVERFLOW;
	if (2 * (w->count + 1) > w->slots_mask + 1 && grow_slots(w) < 0)
		return -ENOMEM;
	if (w->count == w->room && grow_words(w) < 0)
		return -ENOMEM;
	/* One byte at least, so that there is something to compare an empty word with. */
	if (w->text_room - w->text_used <= length && grow_text(w, length + 1) < 0)
		return -ENOMEM;
	if (length)
		memcpy(w->text + w->text_used, data, length);
	w->text_used += length;
	w->ends[w->count++] = (int64_t)w->text_used;
	*free_slot(w->slots, w->slots_mask, hash) =
		(struct slot){ .hash = hash, .taken = (int32_t)w->count };
	return 0;
}

int ft_words_number(struct ft_words *w, const uint8_t *data, size_t length, int32_t *number)
{
	uint32_t hash = hash_of(w, data, length);
	const struct slot *slot = find(w, data, length, hash);
	int rc;

	if (slot->taken) {
		*number = slot->taken - 1;
		return 0;
	}
	rc = add(w, data, length, hash);
	if (rc == 0)
		*number = (int32_t)w->count - 1;
	return rc;
}

int ft_words_utf8_number(struct ft_words *w, const uint8_t *data, size_t length, int32_t *number)
{
	uint8_t text[ESCAPE * FT_STRING_MAX];
	const struct slot *slot;

	if (length > FT_STRING_MAX)
		length = FT_STRING_MAX;
	/* What is one of the words is UTF-8 as they are. */
	slot = find(w, data, length, hash_of(w, data, length));
	if (slot->taken) {
		*number = slot->taken - 1;
		return 0;
	}
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
