/* Attributes of GPIO lines (linux/gpio.h), and names that UBI volumes are given (mtd/ubi-user.h). */
#include "decode/families.h"
#include "decode/walk.h"

#define ATTRIBUTE_SIZE 16u /* struct gpio_v2_line_attribute */
#define ENTRIES_AT     16u /* in struct ubi_rnvol_req */
#define ENTRIES_MAX    32

enum attribute { FLAGS = 1, VALUES, DEBOUNCE };

/* What has another use one day is shown as numbers. */
static bool is_known(const uint8_t *data)
{
	uint64_t id = ft_load(data, 4);

	return id >= FLAGS && id <= DEBOUNCE && !ft_load(data + 4, 4);
}

static void show_numbers(struct ft_walk *walk, const uint8_t *data)
{
	uint64_t padding = ft_load(data + 4, 4);

	ft_number(walk, "id", ft_load(data, 4), FT_UNSIGNED);
	if (padding)
		ft_number(walk, "padding", padding, FT_HEX);
	ft_number(walk, "data", ft_load(data + 8, 8), FT_HEX);
}

static void show_attribute(struct ft_walk *walk, const uint8_t *data)
{
	switch (ft_load(data, 4)) {
	case FLAGS:
		ft_next(walk, "flags");
		ft_set_shown(walk, FT_SET_GPIO_V2_LINE_FLAGS, ft_load(data + 8, 8));
		break;
	case VALUES:
		ft_number(walk, "values", ft_load(data + 8, 8), FT_HEX);
		break;
	case DEBOUNCE:
		ft_number(walk, "debounce_period_us", ft_load(data + 8, 4), FT_UNSIGNED);
		break;
	}
}

bool ft_read_gpio_attribute(struct ft_walk *walk, const struct ft_memory *memory)
{
	if (memory->length < ATTRIBUTE_SIZE)
		return false;
	ft_open(walk, "{");
	if (is_known(memory->data))
		show_attribute(walk, memory->data);
	else
		show_numbers(walk, memory->data);
	ft_close(walk, "}");
	return true;
}

/* struct gpio_v2_line_config_attribute: one, and the lines that it is of. */
bool ft_read_gpio_config_attribute(struct ft_walk *walk, const struct ft_memory *memory)
{
	if (memory->length < ATTRIBUTE_SIZE + 8)
		return false;
	ft_open(walk, "{");
	if (is_known(memory->data)) {
		show_attribute(walk, memory->data);
	} else {
		ft_next(walk, "attr");
		ft_open(walk, "{");
		show_numbers(walk, memory->data);
		ft_close(walk, "}");
	}
	ft_number(walk, "mask", ft_load(memory->data + ATTRIBUTE_SIZE, 8), FT_HEX);
	ft_close(walk, "}");
	return true;
}

/* Its last two entries lie beyond what is copied of a structure. */
bool ft_read_ubi_rnvol_req(struct ft_walk *walk, const struct ft_memory *memory)
{
	struct ft_memory entries = *memory, entry;
	size_t size = ft_structs[walk->model][FT_STRUCT_UBI_RNVOL_ENTRY].size;
	int32_t count;

	if (memory->length < ENTRIES_AT || memory->found == FT_FAULT)
		return false;
	count = (int32_t)ft_load(memory->data, 4);
	ft_open(walk, "{");
	ft_number(walk, "count", (uint64_t)(int64_t)count, FT_SIGNED);
	ft_next(walk, "ents");
	ft_open(walk, "[");
	entries.data += ENTRIES_AT;
	entries.length -= ENTRIES_AT;
	entries.address += ENTRIES_AT;
	for (int32_t n = 0; n < count && n < ENTRIES_MAX; n++) {
		if (!ft_next_element(walk, (size_t)n))
			break;
		if (entries.length < size) {
			walk->sink->ops->more(walk->sink);
			break;
		}
		entry = entries;
		ft_walk_struct(walk, FT_STRUCT_UBI_RNVOL_ENTRY, &entry);
		entries.data += size;
		entries.length -= size;
		entries.address += size;
	}
	ft_close(walk, "]");
	ft_close(walk, "}");
	return true;
}
