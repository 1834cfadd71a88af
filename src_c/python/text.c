#define _GNU_SOURCE
#include "python/text.h"

#include <string.h>

#define CHARACTERS 512u /* read at once */

/* Bytes that it takes; the surrogates that stand for bytes take one, all others become '?'. */
static uint32_t put(uint8_t to[4], uint32_t c)
{
	if (c >= 0xdc80 && c <= 0xdcff) {
		to[0] = (uint8_t)c; /* PEP 383 */
		return 1;
	}
	if (c > 0x10ffff || (c >= 0xd800 && c <= 0xdfff))
		c = '?';
	if (c < 0x80) {
		to[0] = (uint8_t)c;
		return 1;
	}
	if (c < 0x800) {
		to[0] = (uint8_t)(0xc0 | c >> 6);
		to[1] = (uint8_t)(0x80 | (c & 0x3f));
		return 2;
	}
	if (c < 0x10000) {
		to[0] = (uint8_t)(0xe0 | c >> 12);
		to[1] = (uint8_t)(0x80 | (c >> 6 & 0x3f));
		to[2] = (uint8_t)(0x80 | (c & 0x3f));
		return 3;
	}
	to[0] = (uint8_t)(0xf0 | c >> 18);
	to[1] = (uint8_t)(0x80 | (c >> 12 & 0x3f));
	to[2] = (uint8_t)(0x80 | (c >> 6 & 0x3f));
	to[3] = (uint8_t)(0x80 | (c & 0x3f));
	return 4;
}

static uint32_t character(const uint8_t *at, uint32_t width)
{
	uint32_t c = 0;

	memcpy(&c, at, width); /* little-endian, as all of them are */
	return c;
}

int ft_python_text(struct ft_python_reads *r, const struct ft_python_layout *at, uint64_t object,
	uint8_t *to, uint32_t room)
{
	uint8_t bytes[4 * CHARACTERS], encoded[4];
	uint32_t state, width, done = 0;
	uint64_t length, text;

	if (!ft_python_read_word(r, object + at->str_length, &length) ||
		!ft_python_read(r, object + at->str_state, &state, sizeof(state)))
		return -1;
	state >>= at->str_kind_bit;
	width = state & 7;
	if ((width != 1 && width != 2 && width != 4) || !(state & 8)) /* not compact */
		return -1;
	text = object + (state & 16 ? at->str_ascii : at->str_compact);
	if (length > room)
		length = room;
	while (length) {
		uint32_t n = length < CHARACTERS ? (uint32_t)length : CHARACTERS;

		if (!ft_python_read(r, text, bytes, (size_t)n * width))
			return -1;
		for (uint32_t i = 0; i < n; i++) {
			uint32_t size = put(encoded, character(bytes + i * width, width));

			if (size > room - done)
				return (int)done;
			memcpy(to + done, encoded, size);
			done += size;
		}
		text += (uint64_t)n * width;
		length -= n;
	}
	return (int)done;
}
