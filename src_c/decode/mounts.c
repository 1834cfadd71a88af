/* What statmount(2) tells of a mount: a structure, and strings behind it at offsets that it says (linux/mount.h). */
#include <string.h>

#include "decode/families.h"
#include "decode/walk.h"

#define STRINGS_AT 512u /* str[] of struct statmount */

static bool is_there(const struct ft_memory *string)
{
	return string->data && (string->length || string->found == FT_HERE);
}

static void show_string(struct ft_walk *walk, const struct ft_memory *string, size_t most)
{
	size_t shown = string->length < most ? string->length : most;

	walk->sink->ops->string(walk->sink, string->data, shown,
		shown < string->length || string->found != FT_HERE);
}

/* Where the strings of the structure that a field is in begin, and the field's one. */
static uint64_t string_of(const struct ft_walk *walk, const struct ft_memory *field)
{
	uint64_t of = field->address - (uint64_t)(field->data - walk->base);

	return of + STRINGS_AT + ft_load(field->data, 4);
}

static bool show_one(struct ft_walk *walk, const struct ft_memory *field, size_t most)
{
	struct ft_memory string;

	if (!walk->base || field->length < 4)
		return false;
	string = ft_string_at(walk->view, true, string_of(walk, field));
	if (is_there(&string))
		show_string(walk, &string, most);
	else
		ft_integer(walk, ft_load(field->data, 4), FT_HEX);
	return true;
}

bool ft_read_statmount_path(struct ft_walk *walk, const struct ft_memory *memory)
{
	return show_one(walk, memory, FT_PATH_SHOWN);
}

bool ft_read_statmount_string(struct ft_walk *walk, const struct ft_memory *memory)
{
	return show_one(walk, memory, walk->string_max);
}

/* How many there are the word before says. */
bool ft_read_statmount_strings(struct ft_walk *walk, const struct ft_memory *memory)
{
	struct ft_memory string;
	uint64_t count, at;

	if (!walk->base || memory->length < 4 || memory->data - walk->base < 4)
		return false;
	count = ft_load(memory->data - 4, 4);
	at = string_of(walk, memory);
	ft_open(walk, "[");
	for (uint64_t n = 0; n < count && ft_next_element(walk, n); n++) {
		string = ft_string_at(walk->view, true, at);
		if (!is_there(&string)) {
			walk->sink->ops->more(walk->sink); /* no more was copied */
			break;
		}
		show_string(walk, &string, walk->string_max);
		if (string.found != FT_HERE)
			break;
		at += string.length + 1;
	}
	ft_close(walk, "]");
	return true;
}

bool ft_read_statmount_found(struct ft_walk *walk, const struct ft_memory *memory)
{
	return ft_walk_struct(walk, FT_STRUCT_STATMOUNT, memory);
}
