/* Where in a Python program a call was made. */
#ifndef FT_DECODE_FRAMES_H
#define FT_DECODE_FRAMES_H

#include "decode/text.h"

/* The bytes of a call's first item of this type, as ft_snapshots() has the stream; NULL: it has none. */
const uint8_t *ft_item_of(const struct ft_event *event, enum ft_payload_type type,
	const uint8_t *payload, size_t length, uint64_t payload_base, size_t *size);
/* Where a call was made, or a signal came; 0: not known. */
uint64_t ft_place_of(
	const struct ft_event *event, const uint8_t *payload, size_t length, uint64_t payload_base);

struct ft_frame {
	uint32_t line; /* 0: none */
	size_t file_size, function_size;
	const uint8_t *file, *function;
};

/* The next of the frames of such an item, which are then those behind it; false: there is none that is whole. */
bool ft_next_frame(const uint8_t **frames, size_t *size, struct ft_frame *out);
/* " at app.py:12 main, app.py:40 <module>", the frames of such an item; what is cut off ends them. */
void ft_put_frames(struct ft_text *text, const uint8_t *frames, size_t size);

#endif
