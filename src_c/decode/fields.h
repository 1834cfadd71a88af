/* The fields of events as columns. */
#ifndef FT_DECODE_FIELDS_H
#define FT_DECODE_FIELDS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "event.h"

enum ft_column_of {
	FT_COLUMN_FIELD, /* what stands at `offset`, `size` bytes: 8, 4 or 2 */
	FT_COLUMN_TIME, /* int64: time_ns, and `shift_ns` */
	FT_COLUMN_DURATION, /* uint64 */
	FT_COLUMN_RET, /* int64 */
	FT_COLUMN_DESCRIPTOR, /* int32: the argument that `arguments` says */
	/* int32: the place of the number's word in `places`. */
	FT_COLUMN_KIND, /* 256 places */
	FT_COLUMN_ABI, /* 256 places */
	FT_COLUMN_NAME, /* FT_ABI_COUNT * FT_NR_MAX places for calls, 256 for other kinds */
	FT_COLUMN_ERRNO, /* FT_ERRNO_MAX + 1 places */
};

struct ft_column {
	enum ft_column_of of;
	uint8_t offset, size;
	void *values;
	uint8_t *valid; /* 0: the row has no value; NULL: of FIELD, TIME, KIND, ABI and NAME */
	union {
		int64_t shift_ns;
		const int32_t *places; /* -1: the word has none yet */
		const uint8_t
			*arguments; /* of each ABI and number; from 6 on: none is a descriptor */
	};
	bool is_open; /* some word had no place, or its number is beyond the table: the row is -1 */
};

/*
 * Fill rows of columns, from `row` on, one for each event. A pass over few events at a time, so that they are fetched
 * from memory once for all columns. Sets is_open of each column.
 */
void ft_fill_columns(const struct ft_event *events, size_t count, struct ft_column *columns,
	size_t columns_count, size_t row);

#endif
