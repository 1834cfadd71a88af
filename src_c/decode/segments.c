/* Segments of x86: struct user_desc. */
#include <stdio.h>
#include <string.h>

#include "decode/families.h"
#include "decode/walk.h"

#define SIZE 16u

/* Bits of the word behind the limit. */
static const struct {
	const char *name;
	uint8_t at, mask;
} bits[] = {
	{ "seg_32bit", 0, 1 },
	{ "contents", 1, 3 },
	{ "read_exec_only", 3, 1 },
	{ "limit_in_pages", 4, 1 },
	{ "seg_not_present", 5, 1 },
	{ "useable", 6, 1 },
	{ "lm", 7, 1 }, /* of 64-bit programs alone */
};

/* With at least six digits. */
static void show_padded(struct ft_walk *walk, const char *name, uint32_t value)
{
	char buffer[16];
	int n = snprintf(buffer, sizeof(buffer), "%#08x", value);

	ft_next(walk, name);
	walk->sink->ops->named(walk->sink, value, FT_AS_TEXT, buffer, (size_t)n);
}

static void show_number(struct ft_walk *walk, const uint8_t *data)
{
	ft_open(walk, "{");
	ft_next(walk, "entry_number");
	ft_integer(walk, (uint64_t)(int64_t)(int32_t)ft_load(data, 4), FT_SIGNED);
}

bool ft_read_user_desc(struct ft_walk *walk, const struct ft_memory *memory)
{
	const uint8_t *data = memory->data;
	uint32_t word;

	if (memory->length < SIZE)
		return false;
	show_number(walk, data);
	show_padded(walk, "base_addr", (uint32_t)ft_load(data + 4, 4));
	show_padded(walk, "limit", (uint32_t)ft_load(data + 8, 4));
	word = (uint32_t)ft_load(data + 12, 4);
	for (size_t i = 0; i < sizeof(bits) / sizeof(bits[0]) - (walk->word == 4); i++) {
		ft_next(walk, bits[i].name);
		ft_integer(walk, word >> bits[i].at & bits[i].mask, FT_UNSIGNED);
	}
	ft_close(walk, "}");
	return true;
}

/* What get_thread_area(2) was asked for, and what it has got. */
bool ft_read_user_desc_got(struct ft_walk *walk, const struct ft_memory *memory)
{
	struct ft_memory got = ft_memory_at(walk->view, true, memory->address, SIZE);

	if (!walk->failed && got.found == FT_HERE)
		return ft_read_user_desc(walk, &got);
	if (memory->length < 4)
		return false;
	show_number(walk, memory->data);
	ft_more(walk);
	ft_close(walk, "}");
	return true;
}
