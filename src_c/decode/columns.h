/* What the payload of a block of events says, as columns. */
#ifndef FT_DECODE_COLUMNS_H
#define FT_DECODE_COLUMNS_H

#include "decode/words.h"
#include "event.h"

/*
 * The number of each call's first path, -1 where there is none. wanted: for each ABI and number below FT_NR_MAX
 * which arguments are paths, a bit for each. Nothing in the stream is trusted.
 */
int ft_first_paths(const struct ft_event *events, size_t count, const uint8_t *payload,
	size_t length, const uint8_t *wanted, struct ft_words *words, int32_t *numbers);

/* The bytes that each event's items take in the stream, heads included; 0: it has none there. */
void ft_item_sizes(const struct ft_event *events, size_t count, const uint8_t *payload,
	size_t length, uint64_t *sizes);

/* These bytes, one event's behind the other's. sizes: of ft_item_sizes(); the sum is what `out` has room for. */
void ft_copy_items(const struct ft_event *events, size_t count, const uint8_t *payload,
	size_t length, const uint64_t *sizes, uint8_t *out);

#endif
