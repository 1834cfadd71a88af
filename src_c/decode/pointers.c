#include "decode/pointers.h"

#include <errno.h>
#include <string.h>

#include "decode/bpf.h"
#include "decode/families.h"
#include "decode/netlink.h"
#include "decode/tasks.h"

/* A negative length is none. */
static uint64_t argument_count(const struct ft_walk *walk, unsigned index)
{
	const struct ft_type *type = &ft_types[ft_arguments[walk->shape->arguments + index].type];
	bool is_signed = type->kind == FT_NUMBER && type->shown == FT_SIGNED;
	bool is_int = is_signed && type->size == 4;

	/* One of a whole register is more than any memory has. */
	if (is_signed && !type->size && walk->word == 4)
		return (uint64_t)(int64_t)(int32_t)walk->args[index];
	return is_int && (int32_t)walk->args[index] < 0 ? 0 : walk->args[index];
}

/* How many, or how many bytes, of what a type says; more than can be is no matter. */
static uint64_t count_of(struct ft_walk *walk, const struct ft_type *type)
{
	struct ft_memory memory;
	uint64_t before, after;

	switch ((enum ft_counted)type->counted) {
	case FT_COUNT_FIXED:
	case FT_COUNT_UP_TO:
		return type->count;
	case FT_COUNT_ARGUMENT:
		return argument_count(walk, type->count);
	case FT_COUNT_RESULT:
		return walk->ret > 0 ? (uint64_t)walk->ret : 0;
	case FT_COUNT_FIELD:
		if (!walk->of || type->count >= walk->of->count)
			return 0;
		return ft_field_of(walk, &walk->of->fields[type->count], walk->base);
	case FT_COUNT_BEHIND:
		memory = ft_memory_at(walk->view, false, walk->args[type->count], 4);
		before = memory.length == 4 ? ft_load(memory.data, 4) : UINT32_MAX;
		memory = ft_memory_at(walk->view, true, walk->args[type->count], 4);
		after = memory.length == 4 ? ft_load(memory.data, 4) : 0;
		return before < after ? before : after;
	}
	return 0;
}

/* A string, or bytes; false: there is nothing of it to show. */
static bool string_shown(struct ft_walk *walk, const struct ft_type *type, struct ft_memory memory)
{
	size_t shown = memory.length, most;
	bool cut = memory.found != FT_HERE;

	/* A string without an end before memory that cannot be read is none. */
	if (!memory.data || memory.found == FT_FAULT)
		return false;
	most = type->kind == FT_PATH ? FT_PATH_SHOWN : walk->string_max;
	if (shown > most) {
		shown = most;
		cut = true;
	}
	if (type->kind == FT_BYTES && cut && !shown)
		return false;
	if (type->kind == FT_BYTES && type->shown == FT_HEX)
		walk->sink->ops->binary(walk->sink, memory.data, shown, cut);
	else if (type->kind != FT_BYTES)
		walk->sink->ops->string(walk->sink, memory.data, shown, cut);
	else
		walk->sink->ops->bytes(walk->sink, memory.data, shown, cut);
	return true;
}

static bool is_older(
	const struct ft_walk *walk, const struct ft_type *type, const struct ft_memory *memory)
{
	return type->kind == FT_STRUCT && memory->data &&
	       memory->length >= ft_structs[walk->model][type->ref].least;
}

/* What lies at an address, read before or after the call; false: it is not there. */
static bool shown_at(struct ft_walk *walk, const struct ft_type *type, uint64_t address, bool after)
{
	const struct ft_view *view = walk->view;
	struct ft_memory memory;
	bool outer = walk->after;
	uint64_t count;
	size_t size;
	bool shown;

	walk->after = after;
	switch ((enum ft_type_kind)type->kind) {
	case FT_PATH:
	case FT_STRING:
		memory = ft_string_at(view, after, address);
		shown = string_shown(walk, type, memory);
		break;
	case FT_BYTES:
		count = count_of(walk, type);
		if (walk->is_limited) {
			count = count < walk->left ? count : walk->left;
			walk->left -= count;
		}
		if (!count) {
			walk->sink->ops->bytes(walk->sink, NULL, 0, false);
			shown = true;
			break;
		}
		size = count < SIZE_MAX ? (size_t)count : SIZE_MAX;
		memory = ft_memory_at(view, after, address, size);
		if (walk->netlink >= 0 && ft_netlink_shown(walk, &memory, size)) {
			shown = true;
			break;
		}
		/* What is shown is there; the rest would be left out in any case. */
		if (memory.length >= walk->string_max && memory.found == FT_FAULT)
			memory.found = FT_CUT;
		shown = string_shown(walk, type, memory);
		break;
	case FT_ARRAY:
		count = count_of(walk, type);
		size = ft_size_of(walk, &ft_types[type->ref]);
		if (size && count > (UINT64_MAX - address) / size) {
			shown = false; /* no memory goes that far */
			break;
		}
		memory = ft_memory_at(view, after, address,
			size * (size_t)(count < walk->elements_max ? count : walk->elements_max));
		walk->is_astray |= !count || memory.found == FT_FAULT;
		shown = (!count || memory.data) && ft_array_shown(walk, type, memory, count);
		break;
	case FT_STRINGS:
	case FT_ENVIRONMENT:
		memory = ft_memory_at(view, after, address, SIZE_MAX);
		shown = memory.data && memory.length >= walk->word &&
			(type->kind == FT_STRINGS ? ft_strings_shown(walk, &memory)
						  : ft_environment_shown(walk, &memory));
		break;
	case FT_CODE:
		count = type->counted == FT_COUNT_FIXED ? ft_size_of(walk, type)
							: count_of(walk, type);
		memory = ft_memory_at(
			view, after, address, (size_t)(count < SIZE_MAX ? count : SIZE_MAX));
		shown = (memory.data || !count) && ft_reads[type->ref](walk, &memory);
		break;
	default:
		memory = ft_memory_at(view, after, address, ft_size_of(walk, type));
		shown = (memory.found == FT_HERE || is_older(walk, type, &memory)) &&
			ft_walk_memory(walk, type, &memory);
	}
	walk->after = outer;
	return shown;
}

/* Whether memory after the call is another than before it. */
static bool changed(struct ft_walk *walk, const struct ft_type *type, uint64_t address)
{
	size_t size = ft_size_of(walk, type);
	struct ft_memory before = ft_memory_at(walk->view, false, address, size);
	struct ft_memory after = ft_memory_at(walk->view, true, address, size);

	return after.found == FT_HERE &&
	       (before.found != FT_HERE || memcmp(before.data, after.data, size));
}

/* What came of what was asked for, unless a list in that was not to be had: whether that is told, and there is anything of it to tell. */
static bool answered(struct ft_walk *walk, const struct ft_type *pointer, uint64_t address,
	struct ft_memory *memory)
{
	const struct ft_type *type = &ft_types[pointer->ref];

	if (!walk->ended || (walk->failed && pointer->shown != FT_ALWAYS))
		return false;
	*memory = ft_memory_at(walk->view, true, address, ft_size_of(walk, type));
	return memory->found == FT_HERE &&
	       (type->kind != FT_STRUCT || ft_fields_there(walk, type->ref, memory));
}

static bool exchanged_shown(struct ft_walk *walk, const struct ft_type *type, uint64_t address)
{
	const struct ft_type *pointer = &ft_types[type->count];
	struct ft_memory after;

	walk->is_astray = false;
	if (!shown_at(walk, &ft_types[type->ref], address, false))
		return false;
	if (walk->is_astray || !answered(walk, pointer, address, &after))
		return true;
	walk->sink->ops->becomes(walk->sink);
	return shown_at(walk, &ft_types[pointer->ref], address, true);
}

/* Both are structures. */
static bool joined_shown(struct ft_walk *walk, const struct ft_type *type, uint64_t address)
{
	const struct ft_type *asked = &ft_types[type->ref], *pointer = &ft_types[type->count];
	struct ft_memory memory = ft_memory_at(walk->view, false, address, ft_size_of(walk, asked));

	if (memory.found != FT_HERE)
		return false;
	ft_open(walk, "{");
	walk->after = false;
	ft_fields_shown(walk, asked->ref, &memory);
	walk->sink->ops->then(walk->sink);
	walk->after = true;
	if (answered(walk, pointer, address, &memory))
		ft_fields_shown(walk, ft_types[pointer->ref].ref, &memory);
	walk->after = false;
	ft_close(walk, "}");
	return true;
}

/* Text and data are shown in any case. */
static bool is_text(const struct ft_type *type)
{
	return type->kind == FT_PATH || type->kind == FT_STRING || type->kind == FT_BYTES ||
	       (type->kind == FT_CODE && ft_reads[type->ref] == ft_read_comm);
}

/* Of a vector whose buffers nothing was read into its addresses are shown. */
static bool is_vector(const struct ft_type *type)
{
	const struct ft_type *one = &ft_types[type->ref];

	return type->kind == FT_ARRAY && one->kind == FT_STRUCT && one->ref == FT_STRUCT_IOVEC_OUT;
}

void ft_pointer_followed(struct ft_walk *walk, const struct ft_type *type, uint64_t address)
{
	const struct ft_type *to = &ft_types[type->ref];
	bool shown = false;

	if (!address) {
		walk->is_astray |= to->kind == FT_ARRAY;
		walk->sink->ops->null(walk->sink);
		return;
	}
	if (address != ft_cut_to(address, walk->word)) {
		ft_integer(walk, address, FT_ADDRESS); /* no memory of a 32-bit program */
		return;
	}
	if (ft_is_program(to) && !walk->is_whole) {
		ft_integer(walk, address, FT_ADDRESS);
		return;
	}
	if (walk->is_shallow && !is_text(to)) {
		if (to->kind == FT_ARRAY && (!walk->failed || type->shown == FT_IN) &&
			!count_of(walk, to))
			ft_word(walk, "[]");
		else
			ft_integer(walk, address, FT_ADDRESS);
		return;
	}
	switch ((enum ft_phase)type->shown) {
	case FT_IN:
		shown = shown_at(walk, to, address, walk->of ? walk->after : false);
		break;
	case FT_OUT:
		if (walk->failed) {
			shown = walk->ended && is_vector(to) && shown_at(walk, to, address, true);
			break;
		}
		walk->is_limited = walk->of && to->kind == FT_BYTES;
		shown = shown_at(walk, to, address, true);
		walk->is_limited = false;
		break;
	case FT_ALWAYS:
		/* What a sleep leaves is written if it was interrupted. */
		if (!walk->ended ||
			(walk->shape->result == FT_RESULT_SLEEP && walk->ret != -EINTR &&
				walk->ret != -FT_ERESTART_RESTARTBLOCK))
			break;
		shown = shown_at(walk, to, address, true);
		break;
	case FT_INOUT:
		shown = shown_at(walk, to, address, false);
		if (!shown || walk->failed || to->kind == FT_CODE ||
			walk->shape->result == FT_RESULT_SELECT || !changed(walk, to, address))
			break;
		walk->sink->ops->becomes(walk->sink);
		shown = shown_at(walk, to, address, true);
		break;
	case FT_JOINED:
		shown = joined_shown(walk, type, address);
		break;
	case FT_EXCHANGED:
		shown = exchanged_shown(walk, type, address);
		break;
	}
	if (shown)
		return;
	walk->is_astray |= to->kind == FT_ARRAY;
	ft_integer(walk, address, FT_ADDRESS);
}
