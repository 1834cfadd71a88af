#include <string.h>

#include "decode/walk.h"

/* Older callers have shorter structures. */
static bool is_there(
	const struct ft_walk *walk, const struct ft_field *f, const struct ft_memory *memory)
{
	return f->offset + ft_size_of(walk, &ft_types[f->type]) <= memory->length;
}

/* Whether a field is another than it was before the call. */
static bool is_changed(
	const struct ft_walk *walk, const struct ft_field *f, const struct ft_memory *memory)
{
	size_t size = ft_size_of(walk, &ft_types[f->type]);
	struct ft_memory before =
		ft_memory_at(walk->view, false, memory->address + f->offset, size);

	return before.found != FT_HERE || memcmp(before.data, memory->data + f->offset, size);
}

static bool is_shown(const struct ft_walk *walk, const struct ft_struct *of,
	const struct ft_field *f, const struct ft_memory *memory)
{
	uint64_t mask = f->mask == UINT32_MAX ? UINT64_MAX : f->mask, bits;

	if (!f->condition)
		return true;
	if (f->condition == 3 && !walk->failed)
		return false;
	if (f->condition == 4)
		return is_changed(walk, f, memory);
	if (f->condition == 5)
		return ft_any_byte(memory->data + f->offset, ft_size_of(walk, &ft_types[f->type]));
	if (f->condition == 6)
		return !walk->failed;
	if (!is_there(walk, &of->fields[f->of], memory))
		return false;
	bits = ft_field_of(walk, &of->fields[f->of], memory->data) & mask;
	return (bits == f->value) == (f->condition == 1);
}

static unsigned fields(
	struct ft_walk *walk, unsigned index, const struct ft_memory *memory, bool are_shown)
{
	const struct ft_struct *of = &ft_structs[walk->model][index], *outer = walk->of;
	const uint8_t *outer_base = walk->base;
	bool brief = of->brief && !walk->is_whole;
	const uint8_t *list = brief ? of->brief : of->whole;
	unsigned n = brief ? of->brief_count : list ? of->whole_count : of->count, there = 0;
	bool is_behind_one = false;

	walk->of = of;
	walk->base = memory->data;
	for (unsigned i = 0; i < n; i++) {
		unsigned listed = list ? list[i] : i;
		const struct ft_field *f;
		struct ft_memory at = *memory;

		if (listed == FT_FIELD_MORE) {
			if (are_shown && is_behind_one)
				ft_more(walk);
			continue;
		}
		f = &of->fields[listed & ~FT_FIELD_BECOMES];
		is_behind_one = is_there(walk, f, memory) && is_shown(walk, of, f, memory);
		if (!is_behind_one)
			continue;
		there++;
		if (!are_shown)
			continue;
		if (listed & FT_FIELD_BECOMES)
			walk->sink->ops->becomes(walk->sink);
		else
			walk->sink->ops->next(walk->sink, f->length ? f->name : NULL, f->length);
		at.data += f->offset;
		at.length -= f->offset;
		at.address += f->offset;
		ft_walk_memory(walk, &ft_types[f->type], &at);
	}
	if (are_shown && (brief ? !of->is_short : of->is_cut))
		ft_more(walk);
	walk->of = outer;
	walk->base = outer_base;
	return there;
}

unsigned ft_fields_shown(struct ft_walk *walk, unsigned index, const struct ft_memory *memory)
{
	return fields(walk, index, memory, true);
}

unsigned ft_fields_there(struct ft_walk *walk, unsigned index, const struct ft_memory *memory)
{
	return fields(walk, index, memory, false);
}

bool ft_walk_struct(struct ft_walk *walk, unsigned index, const struct ft_memory *memory)
{
	const struct ft_struct *of = &ft_structs[walk->model][index];

	if (!of->size || memory->length < of->least)
		return false;
	ft_open(walk, "{");
	fields(walk, index, memory, true);
	ft_close(walk, "}");
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
		ft_more(walk);
		if (tells_fault && n < most && memory.found == FT_FAULT)
			walk->sink->ops->fault(walk->sink, memory.address);
	}
	ft_close(walk, "]");
}

void ft_list_shown(struct ft_walk *walk, uint64_t address, uint64_t count, size_t size, bool after,
	ft_show_element *show)
{
	struct ft_memory memory = ft_memory_at(walk->view, after, address, size);
	uint64_t at = address, most = count < FT_ELEMENTS_WHOLE ? count : FT_ELEMENTS_WHOLE;
	bool ends = ft_memory_at(walk->view, after, address, size * (size_t)most).found == FT_FAULT;

	if (count && memory.found != FT_HERE) {
		ft_pointer_shown(walk, address);
		return;
	}
	ft_open(walk, "[");
	for (uint64_t n = 0; n < count && ft_next_element(walk, (size_t)n); n++, at += size) {
		memory = ft_memory_at(walk->view, after, at, size);
		if (memory.found != FT_HERE) {
			walk->sink->ops->more(walk->sink);
			if (ends)
				walk->sink->ops->fault(walk->sink, at);
			break;
		}
		show(walk, memory.data, address);
	}
	ft_close(walk, "]");
}
