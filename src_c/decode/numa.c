/* Which nodes of memory are used, and how: mbind(2), set_mempolicy(2). */
#include "decode/families.h"
#include "decode/tasks.h"
#include "decode/text.h"
#include "decode/walk.h"

#define MODE_FLAGS UINT64_C(0xe000) /* linux/mempolicy.h: MPOL_MODE_FLAGS */

void ft_show_mempolicy(struct ft_walk *walk, uint64_t value)
{
	const struct ft_set *modes = &ft_sets[FT_SET_MEMPOLICY_MODE];
	const struct ft_member *mode = ft_member_of(modes, value & ~MODE_FLAGS);
	char buffer[128];
	struct ft_text text;

	if (!(value & MODE_FLAGS) || !mode) {
		ft_set_shown(walk, FT_SET_MEMPOLICY_MODE, value);
		return;
	}
	ft_text_start(&text, buffer, sizeof(buffer));
	ft_put(&text, mode->name, mode->length);
	ft_puts(&text, "|");
	ft_put_flags(&text, &ft_sets[FT_SET_MEMPOLICY_FLAGS], value & MODE_FLAGS);
	walk->sink->ops->named(walk->sink, value, FT_UNSIGNED, buffer, (size_t)(text.at - buffer));
}

/* In words, all digits of each. */
bool ft_read_nodemask(struct ft_walk *walk, const struct ft_memory *memory)
{
	/* The kernel takes one less than it is told. */
	uint64_t bits = ft_argument_named(walk, "maxnode") - 1;
	size_t word = walk->word, digits = 2 * word, at = 0, size = memory->length;
	char buffer[16];

	if (memory->found == FT_FAULT || (memory->found == FT_CUT && memory->length < word))
		return false;
	ft_open(walk, "[");
	if (bits < 8 * size)
		size = (size_t)(bits + 8 * word - 1) / (8 * word) * word;
	if (size > memory->length)
		size = memory->length;
	for (; at + word <= size && at / word < FT_ELEMENTS_SHOWN; at += word) {
		uint64_t value = ft_load(memory->data + at, word);

		for (size_t i = 0; i < digits; i++)
			buffer[i] = "0123456789abcdef"[value >> (4 * (digits - 1 - i)) & 15];
		if (value && !(value >> (4 * digits - 8)))
			buffer[1] = 'x';
		ft_next(walk, NULL);
		walk->sink->ops->named(walk->sink, value, FT_HEX, buffer, digits);
	}
	if (at < size)
		ft_more(walk);
	ft_close(walk, "]");
	return true;
}
