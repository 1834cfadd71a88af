/* Entries of directories. */
#include "decode/families.h"
#include "decode/text.h"
#include "decode/walk.h"

/* Where what follows the inode's number and the offset lies in an entry of getdents(2). */
struct layout {
	uint8_t word; /* bytes of each of the two */
	bool type_is_last; /* the byte of the type, behind the name */
};

static size_t length_at(const struct layout *l)
{
	return 2u * l->word;
}

static void show_type(struct ft_walk *walk, uint8_t type)
{
	ft_next(walk, "d_type");
	ft_set_shown(walk, FT_SET_DIRENT_TYPE, type);
}

static void show_entry(
	struct ft_walk *walk, const struct layout *l, const uint8_t *entry, size_t size)
{
	size_t at = length_at(l) + 2 + !l->type_is_last, end = size - l->type_is_last;

	ft_open(walk, "{");
	ft_next(walk, "d_ino");
	ft_integer(walk, ft_load(entry, l->word), FT_UNSIGNED);
	ft_next(walk, "d_off");
	ft_integer(
		walk, ft_load(entry + l->word, l->word), l->type_is_last ? FT_UNSIGNED : FT_SIGNED);
	ft_next(walk, "d_reclen");
	ft_integer(walk, size, FT_UNSIGNED);
	if (!l->type_is_last)
		show_type(walk, entry[length_at(l) + 2]);
	ft_next(walk, "d_name");
	walk->sink->ops->bytes(walk->sink, entry + at,
		at < end ? strnlen((const char *)entry + at, end - at) : 0, false);
	if (l->type_is_last)
		show_type(walk, entry[size - 1]);
	ft_close(walk, "}");
}

/* How many there are; 0 where one of them is none, or not all were copied. */
static bool count_entries(const struct layout *l, const struct ft_memory *memory, uint64_t *count)
{
	size_t least = length_at(l) + 3;

	*count = 0;
	if (memory->found == FT_FAULT || memory->found == FT_CUT)
		return false;
	for (size_t at = 0; memory->length - at >= least; (*count)++) {
		size_t size = (size_t)ft_load(memory->data + at + length_at(l), 2);

		if (size < least || size > memory->length - at)
			return false;
		at += size;
	}
	return true;
}

static bool show_entries(
	struct ft_walk *walk, const struct ft_memory *memory, const struct layout *l)
{
	char buffer[48];
	struct ft_text text;
	uint64_t count;

	if (!count_entries(l, memory, &count))
		return false;
	if (walk->is_whole) {
		const uint8_t *entry = memory->data;

		ft_open(walk, "[");
		for (; count; count--) {
			size_t size = (size_t)ft_load(entry + length_at(l), 2);

			ft_next(walk, NULL);
			show_entry(walk, l, entry, size);
			entry += size;
		}
		ft_close(walk, "]");
		return true;
	}
	ft_text_start(&text, buffer, sizeof(buffer) - 1);
	ft_put_decimal(&text, count);
	ft_puts(&text, count == 1 ? " entry" : " entries");
	*text.at = 0;
	ft_integer(walk, memory->address, FT_ADDRESS);
	walk->sink->ops->comment(walk->sink, buffer);
	return true;
}

bool ft_read_dirents(struct ft_walk *walk, const struct ft_memory *memory)
{
	return show_entries(
		walk, memory, &(struct layout){ .word = walk->word, .type_is_last = true });
}

bool ft_read_dirents64(struct ft_walk *walk, const struct ft_memory *memory)
{
	return show_entries(walk, memory, &(struct layout){ .word = 8 });
}
