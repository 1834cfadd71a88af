#include "decode/walk.h"

/* Older callers have shorter structures. */
static bool is_there(
	const struct ft_walk *walk, const struct ft_field *f, const struct ft_memory *memory)
{
	return f->offset + ft_size_of(walk, &ft_types[f->type]) <= memory->length;
}

static bool is_shown(const struct ft_walk *walk, const struct ft_struct *of,
	const struct ft_field *f, const struct ft_memory *memory)
{
	uint32_t bits;

	if (!f->condition)
		return true;
	if (!is_there(walk, &of->fields[f->of], memory))
		return false;
	bits = (uint32_t)ft_field_of(walk, &of->fields[f->of], memory->data) & f->mask;
	return (bits == f->value) == (f->condition == 1);
}

bool ft_walk_struct(struct ft_walk *walk, unsigned index, const struct ft_memory *memory)
{
	const struct ft_struct *of = &ft_structs[walk->model][index], *outer = walk->of;
	const uint8_t *outer_base = walk->base;
	bool brief = of->brief && !walk->is_whole;
	const uint8_t *list = brief ? of->brief : of->whole;
	unsigned n = brief ? of->brief_count : list ? of->whole_count : of->count;

	if (!of->size || memory->length < of->least)
		return false;
	walk->of = of;
	walk->base = memory->data;
	ft_open(walk, "{");
	for (unsigned i = 0; i < n; i++) {
		const struct ft_field *f = &of->fields[list ? list[i] : i];
		const struct ft_type *type = &ft_types[f->type];
		struct ft_memory at = *memory;

		if (!is_there(walk, f, memory) || !is_shown(walk, of, f, memory))
			continue;
		walk->sink->ops->next(walk->sink, f->name, f->length);
		at.data += f->offset;
		at.length -= f->offset;
		at.address += f->offset;
		ft_walk_memory(walk, type, &at);
	}
	if (brief) {
		ft_next(walk, NULL);
		walk->sink->ops->more(walk->sink);
	}
	ft_close(walk, "}");
	walk->of = outer;
	walk->base = outer_base;
	return true;
}

void ft_vector_shown(struct ft_walk *walk, unsigned structure, struct ft_memory memory,
	uint64_t count, bool tells_fault)
{
	size_t size = 2u * walk->word, n = 0, most = walk->elements_max;

	ft_open(walk, "[");
	for (; n < count && n < most && walk->elements_left && memory.length >= size; n++) {
		walk->elements_left--;
		ft_next(walk, NULL);
		ft_walk_struct(walk, structure, &memory);
		memory.data += size;
		memory.length -= size;
		memory.address += size;
	}
	if (n < count) {
		ft_next(walk, NULL);
		walk->sink->ops->more(walk->sink);
		if (tells_fault && n < most && memory.found == FT_FAULT)
			walk->sink->ops->fault(walk->sink, memory.address);
	}
	ft_close(walk, "]");
}
