/* The line of an instruction, by its code object's location table (CPython's Objects/locations.md). */
#ifndef FT_PYTHON_LINETABLE_H
#define FT_PYTHON_LINETABLE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Reads the table piece by piece; all zeros but for `line`, which is the code object's first, at the start. */
struct ft_linetable {
	int64_t line; /* of the entry under way */
	int64_t unit; /* where the next entry begins, in code units */
	uint64_t number; /* that is being read */
	int shift;
	uint8_t kind;
	bool in_number, without; /* the entry has no line */
};

/* More of the table. True: *line is what is meant by that unit, 0: it has none. */
bool ft_linetable_find(
	struct ft_linetable *t, const uint8_t *bytes, size_t size, int64_t unit, int64_t *line);

#endif
