/* What System V's calls point to beyond flat structures: messages, and the union of i386's ipc(2). */
#include "decode/families.h"
#include "decode/walk.h"

#define MSGSZ 2 /* the argument that says it */

/* The text behind a message's type; address: of it. */
static void show_text(struct ft_walk *walk, const struct ft_memory *memory, uint64_t count)
{
	size_t text = memory->length - walk->word, shown;
	bool cut;

	if (count &&
		(!text || (text < count && text < walk->string_max && memory->found == FT_FAULT))) {
		ft_integer(walk, memory->address + walk->word, FT_ADDRESS);
		return;
	}
	shown = text < walk->string_max ? text : walk->string_max;
	cut = shown < count;
	walk->sink->ops->bytes(walk->sink, memory->data + walk->word, shown, cut);
}

/* struct msgbuf: as much text as msgsnd(2) is told, or as msgrcv(2) has got. */
bool ft_read_msgbuf(struct ft_walk *walk, const struct ft_memory *memory)
{
	uint64_t count = walk->after ? walk->left : walk->args[MSGSZ];
	uint64_t size = count < UINT32_MAX ? count + walk->word : count;
	struct ft_memory all = ft_memory_at(walk->view, walk->after, memory->address, (size_t)size);
	uint64_t type;

	if (all.length < walk->word)
		return false;
	type = ft_load(all.data, walk->word);
	if (walk->word == 4)
		type = (uint64_t)(int64_t)(int32_t)type;
	ft_open(walk, "{");
	ft_next(walk, "mtype");
	ft_integer(walk, type, FT_SIGNED);
	ft_next(walk, "mtext");
	show_text(walk, &all, count);
	ft_close(walk, "}");
	return true;
}

/* What the union that semctl's argument points to in ipc(2) leads to, or it. */
static bool union_shown(
	struct ft_walk *walk, const struct ft_memory *memory, unsigned structure, bool after)
{
	uint64_t address = ft_load(memory->data, memory->length);
	struct ft_memory there;

	if (memory->length < walk->word)
		return false;
	there = ft_memory_at(walk->view, after, address, ft_structs[walk->model][structure].size);
	if (!walk->is_shallow && !(after && walk->failed) && there.found == FT_HERE &&
		ft_walk_struct(walk, structure, &there))
		return true;
	ft_open(walk, "[");
	ft_next(walk, NULL);
	ft_pointer_shown(walk, address);
	ft_close(walk, "]");
	return true;
}

bool ft_read_semun_stat(struct ft_walk *walk, const struct ft_memory *memory)
{
	return union_shown(walk, memory, FT_STRUCT_SEMID_DS, true);
}

bool ft_read_semun_set(struct ft_walk *walk, const struct ft_memory *memory)
{
	return union_shown(walk, memory, FT_STRUCT_SEMID_SET, false);
}

bool ft_read_semun_info(struct ft_walk *walk, const struct ft_memory *memory)
{
	return union_shown(walk, memory, FT_STRUCT_SEMINFO, true);
}
