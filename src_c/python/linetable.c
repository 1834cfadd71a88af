#include "python/linetable.h"

/*
 * An entry is a byte with its highest bit set, which says how many code units it is for and how the rest is
 * to be read, and then bytes without that bit.
 */
#define HEAD	   0x80
#define UNITS(b)   (((b) & 7) + 1)
#define KIND(b)	   ((b) >> 3 & 15)
#define ONE_LINE   10 /* + how many lines on: 0, 1 or 2 */
#define NO_COLUMNS 13 /* a signed number of lines on */
#define LONG	   14 /* that number, and more after it */
#define NONE	   15 /* no line at all */
#define MORE	   0x40 /* of a number: six bits each, the lowest first */
#define SHIFT_MAX  36 /* no line has more bits */

static void add_number(struct ft_linetable *t)
{
	int64_t lines = (int64_t)(t->number >> 1);

	t->line += t->number & 1 ? -lines : lines;
	t->in_number = false;
}

static void begin(struct ft_linetable *t, uint8_t byte)
{
	t->kind = KIND(byte);
	t->unit += UNITS(byte);
	t->without = t->kind == NONE;
	t->number = 0;
	t->shift = 0;
	t->in_number = t->kind == NO_COLUMNS || t->kind == LONG;
	if (t->kind >= ONE_LINE && t->kind < NO_COLUMNS)
		t->line += t->kind - ONE_LINE;
}

/* The entry under way is complete. */
static bool is_meant(const struct ft_linetable *t, int64_t unit, int64_t *line)
{
	if (t->unit <= unit)
		return false;
	*line = t->without || t->line < 0 || t->line > INT32_MAX ? 0 : t->line;
	return true;
}

bool ft_linetable_find(
	struct ft_linetable *t, const uint8_t *bytes, size_t size, int64_t unit, int64_t *line)
{
	for (size_t i = 0; i < size; i++) {
		if (bytes[i] & HEAD) {
			if (is_meant(t, unit, line))
				return true;
			begin(t, bytes[i]);
		} else if (t->in_number) {
			if (t->shift < SHIFT_MAX)
				t->number |= (uint64_t)(bytes[i] & (MORE - 1)) << t->shift;
			t->shift += t->shift < SHIFT_MAX ? 6 : 0;
			if (!(bytes[i] & MORE))
				add_number(t);
		}
		if (!t->in_number && is_meant(t, unit, line))
			return true;
	}
	return false;
}
