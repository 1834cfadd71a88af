#include "decode/walk.h"

#include <string.h>

#include "decode/netlink.h"
#include "decode/pointers.h"
#include "decode/signals.h"
#include "decode/tasks.h"

uint64_t ft_load(const uint8_t *data, size_t size)
{
	uint64_t value = 0;

	memcpy(&value, data, size <= sizeof(value) ? size : sizeof(value));
	return value;
}

static size_t width(const struct ft_walk *walk, const struct ft_type *type)
{
	return type->size ? type->size : walk->word;
}

size_t ft_size_of(const struct ft_walk *walk, const struct ft_type *type)
{
	switch ((enum ft_type_kind)type->kind) {
	case FT_NUMBER:
	case FT_SHOWN:
	case FT_SET:
		return width(walk, type);
	case FT_STRUCT:
		return ft_structs[walk->model][type->ref].size;
	case FT_ARRAY:
		return ft_size_of(walk, &ft_types[type->ref]) * type->count;
	case FT_CODE:
		if (!type->size)
			return (size_t)walk->word * type->count;
		return type->counted == FT_COUNT_FIXED ? type->count : 0;
	case FT_CSTR:
	case FT_BYTES:
		return type->counted == FT_COUNT_FIXED || type->counted == FT_COUNT_UP_TO
			       ? type->count
			       : 0;
	default:
		return width(walk, type);
	}
}

void ft_pointer_shown(struct ft_walk *walk, uint64_t address)
{
	if (address)
		ft_integer(walk, address, FT_ADDRESS);
	else
		walk->sink->ops->null(walk->sink);
}

uint64_t ft_field_of(const struct ft_walk *walk, const struct ft_field *field, const uint8_t *base)
{
	return ft_load(base + field->offset, ft_size_of(walk, &ft_types[field->type]));
}

static void shown_number(struct ft_walk *walk, const struct ft_type *type, uint64_t value)
{
	unsigned size = (unsigned)width(walk, type);

	value = ft_cut_to(value, size);
	switch ((enum ft_type_kind)type->kind) {
	case FT_SET:
		ft_set_shown(walk, type->ref, value);
		break;
	case FT_SHOWN:
		ft_shows[type->ref](walk, value);
		break;
	default:
		if (type->shown == FT_ADDRESS) {
			ft_pointer_shown(walk, value);
			break;
		}
		if (type->shown == FT_SIGNED && size < 8 && value >> (8 * size - 1))
			value |= ~UINT64_C(0) << 8 * size;
		ft_integer(walk, value, type->shown);
	}
}

bool ft_array_shown(
	struct ft_walk *walk, const struct ft_type *type, struct ft_memory memory, uint64_t count)
{
	const struct ft_type *one = &ft_types[type->ref];
	size_t size = ft_size_of(walk, one), n = 0, most = walk->elements_max;

	if (!size)
		return false;
	if (count && memory.length < size)
		return false;
	ft_open(walk, "[");
	for (; n < count && n < most && walk->elements_left && memory.length >= size; n++) {
		struct ft_memory element = memory;

		walk->elements_left--;
		element.length = size;
		ft_next(walk, NULL);
		if (!ft_walk_memory(walk, one, &element))
			ft_pointer_shown(walk, element.address);
		memory.data += size;
		memory.length -= size;
		memory.address += size;
	}
	if (n < count) {
		ft_more(walk);
		if (n < most && walk->elements_left && memory.found == FT_FAULT)
			walk->sink->ops->fault(walk->sink, memory.address);
	}
	ft_close(walk, "]");
	return true;
}

void ft_walk_value(struct ft_walk *walk, const struct ft_type *type, uint64_t value)
{
	if (type->kind == FT_POINTER)
		ft_pointer_followed(walk, type, ft_cut_to(value, (unsigned)width(walk, type)));
	else
		shown_number(walk, type, value);
}

void ft_characters_shown(struct ft_walk *walk, const uint8_t *data, size_t size)
{
	size_t length = strnlen((const char *)data, size);
	bool ends = length < size || !size;

	walk->sink->ops->string(walk->sink, data, ends ? length : size - 1, !ends);
}

/* Of an array that lies in a structure. */
static uint64_t elements_of(const struct ft_walk *walk, const struct ft_type *type)
{
	uint64_t said;

	if (type->counted != FT_COUNT_UP_TO || !walk->of || type->size >= walk->of->count)
		return type->count;
	said = ft_field_of(walk, &walk->of->fields[type->size], walk->base);
	return said < type->count ? said : type->count;
}

/* Of a string in a structure: as many as a field says, and one behind them, where there is room. */
static size_t characters_of(const struct ft_walk *walk, const struct ft_type *type)
{
	const struct ft_field *field;
	const struct ft_type *number;
	uint64_t said;

	if (type->counted != FT_COUNT_UP_TO || !walk->of || type->size >= walk->of->count)
		return type->count;
	field = &walk->of->fields[type->size];
	number = &ft_types[field->type];
	said = ft_field_of(walk, field, walk->base);
	if (number->shown == FT_SIGNED && said >> (8 * number->size - 1))
		return 1;
	return said < type->count ? (size_t)said + 1 : type->count;
}

bool ft_walk_memory(
	struct ft_walk *walk, const struct ft_type *type, const struct ft_memory *memory)
{
	size_t size = ft_size_of(walk, type);

	switch ((enum ft_type_kind)type->kind) {
	case FT_STRUCT:
		return ft_walk_struct(walk, type->ref, memory);
	case FT_ARRAY:
		return ft_array_shown(walk, type, *memory, elements_of(walk, type));
	case FT_CODE:
		return ft_reads[type->ref](walk, memory);
	case FT_BYTES:
	case FT_CSTR:
		if (memory->length < size)
			return false;
		if (type->kind == FT_CSTR)
			ft_characters_shown(walk, memory->data, characters_of(walk, type));
		else
			walk->sink->ops->bytes(walk->sink, memory->data, size, false);
		return true;
	default:
		if (memory->length < size)
			return false;
		ft_walk_value(walk, type, ft_load(memory->data, size));
		return true;
	}
}

/* A register may be narrower than the type of its argument. */
static uint64_t widened(const struct ft_walk *walk, const struct ft_type *type, uint64_t value)
{
	bool is_signed = type->kind == FT_NUMBER && type->shown == FT_SIGNED && type->size != 8;

	return is_signed && walk->word == 4 ? (uint64_t)(int64_t)(int32_t)value : value;
}

void ft_walk_arguments(struct ft_walk *walk)
{
	const struct ft_shape *shape = walk->shape;
	const struct ft_argument *arguments;

	if (!shape) {
		for (int i = 0; i < 6; i++) {
			walk->sink->ops->argument(walk->sink, NULL);
			ft_integer(walk, walk->args[i], FT_HEX);
		}
		return;
	}
	if (walk->is_raw) {
		for (unsigned i = 0; i < ft_walk_registers(walk); i++) {
			walk->sink->ops->argument(walk->sink, NULL);
			ft_integer(walk,
				walk->is_subcall
					? walk->args[i]
					: ft_cut_to(walk->view->event->args[i], walk->word),
				FT_HEX);
		}
		return;
	}
	if (shape->result == FT_RESULT_CLONE) {
		ft_clone_shown(walk);
		return;
	}
	if (shape->result == FT_RESULT_SIGRETURN) {
		ft_sigreturn_shown(walk);
		return;
	}
	arguments = &ft_arguments[shape->arguments];
	walk->netlink = ft_netlink_protocol(walk);
	for (unsigned i = 0; i < shape->nargs; i++) {
		if (arguments[i].hidden)
			continue;
		walk->sink->ops->argument(walk->sink, arguments[i].name);
		ft_walk_value(walk, &ft_types[arguments[i].type],
			widened(walk, &ft_types[arguments[i].type], walk->args[i]));
		if (!i && shape->result == FT_RESULT_CLONE3)
			ft_clone3_written(walk);
	}
}
