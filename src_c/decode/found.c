#include "decode/found.h"

#include <string.h>

#include "decode/families.h"

/* On i386 calls whose times have 64 bits. */
static bool has_time64(const struct ft_walk *walk)
{
	const char *name = walk->shape->name;
	size_t length = strlen(name);

	return length > 7 && !strcmp(name + length - 7, "_time64");
}

struct ft_memory ft_found_polled(const struct ft_walk *walk)
{
	uint64_t count = walk->args[1] < FT_POLLED_MAX ? walk->args[1] : FT_POLLED_MAX;

	return ft_memory_at(walk->view, true, walk->args[0], 8 * (size_t)count);
}

bool ft_found_next(struct ft_memory *memory)
{
	for (; memory->length >= 8; memory->data += 8, memory->length -= 8)
		if (ft_load(memory->data + 6, 2))
			return true;
	return false;
}

bool ft_found_selected(const struct ft_walk *walk, int i, struct ft_memory *memory)
{
	int64_t bits = (int32_t)walk->args[0];

	if (bits < 0)
		return false;
	*memory = ft_memory_at(walk->view, true, walk->args[i + 1], (size_t)(bits + 7) / 8);
	if (memory->found != FT_HERE)
		return false;
	for (size_t at = 0; at < memory->length; at++)
		if (memory->data[at])
			return true;
	return false;
}

bool ft_found_left(const struct ft_walk *walk, struct ft_memory *memory, unsigned *structure)
{
	bool is_poll = walk->shape->result == FT_RESULT_POLL;

	if (is_poll && walk->shape->nargs != 5)
		return false; /* poll(2) is given milliseconds */
	if (has_time64(walk))
		*structure = FT_STRUCT_TIMESPEC64;
	else if (is_poll || !strcmp(walk->shape->name, "pselect6"))
		*structure = FT_STRUCT_TIMESPEC;
	else
		*structure = FT_STRUCT_TIMEVAL;
	*memory = ft_memory_at(walk->view, true, walk->args[is_poll ? 2 : 4],
		has_time64(walk) ? 16 : 2u * walk->word);
	return memory->found == FT_HERE;
}

struct ft_memory ft_found_behind(const struct ft_walk *walk)
{
	uint64_t address = walk->args[walk->shape->nargs - 1];

	return ft_memory_at(
		walk->view, true, address, ft_structs[walk->model][walk->shape->result_set].size);
}

static void show_polled(struct ft_walk *walk)
{
	struct ft_memory memory = ft_found_polled(walk);

	if (memory.length < 8)
		return;
	ft_next(walk, "fds");
	ft_open(walk, "[");
	for (; ft_found_next(&memory); memory.data += 8, memory.length -= 8) {
		ft_next(walk, NULL);
		ft_walk_struct(walk, FT_STRUCT_POLLFD_FOUND, &memory);
	}
	ft_close(walk, "]");
}

bool ft_found_shown(struct ft_walk *walk)
{
	static const char *const names[] = { "in", "out", "except" };
	struct ft_memory memory;
	unsigned structure;

	if (walk->shape && !walk->failed && walk->shape->result == FT_RESULT_FOUND) {
		memory = ft_found_behind(walk);
		walk->after = true;
		return memory.found == FT_HERE &&
		       ft_walk_struct(walk, walk->shape->result_set, &memory);
	}
	if (!walk->shape || walk->failed || walk->ret <= 0 ||
		(walk->shape->result != FT_RESULT_POLL && walk->shape->result != FT_RESULT_SELECT))
		return false;
	walk->after = true;
	ft_open(walk, "{");
	if (walk->shape->result == FT_RESULT_POLL)
		show_polled(walk);
	for (int i = 0; i < 3 && walk->shape->result == FT_RESULT_SELECT; i++) {
		if (!ft_found_selected(walk, i, &memory))
			continue;
		ft_next(walk, names[i]);
		ft_read_fdset(walk, &memory);
	}
	if (ft_found_left(walk, &memory, &structure)) {
		ft_next(walk, "left");
		ft_walk_struct(walk, structure, &memory);
	}
	ft_close(walk, "}");
	return true;
}
