/* What guards a process: keys of keyctl(2), rulesets of landlock(7). */
#include "decode/families.h"
#include "decode/walk.h"

/* Bytes of flags: two have names. */
bool ft_read_key_capabilities(struct ft_walk *walk, const struct ft_memory *memory)
{
	static const unsigned sets[] = { FT_SET_KEY_CAPABILITIES_0, FT_SET_KEY_CAPABILITIES_1 };
	size_t count = memory->length < walk->args[2] ? memory->length : (size_t)walk->args[2];

	if (!count)
		return false;
	ft_open(walk, "[");
	for (size_t n = 0; n < count && ft_next_element(walk, n); n++) {
		if (n < sizeof(sets) / sizeof(sets[0]))
			ft_set_shown(walk, sets[n], memory->data[n]);
		else
			ft_integer(walk, memory->data[n], FT_HEX);
	}
	ft_close(walk, "]");
	return true;
}

/* struct landlock_ruleset_attr: as much of it as there is said to be. */
bool ft_read_landlock_attr(struct ft_walk *walk, const struct ft_memory *memory)
{
	return ft_walk_struct(walk, FT_STRUCT_LANDLOCK_RULESET_ATTR, memory);
}
