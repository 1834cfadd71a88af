/* Which of the shapes of a call its arguments ask for. */
#include <errno.h>
#include <string.h>

#include "decode/walk.h"

static bool holds(const struct ft_condition *c, const uint64_t *args)
{
	return (((uint32_t)args[c->argument] & c->mask) == c->value) != c->unlike;
}

static bool suits(const struct ft_shape *shape, const uint64_t *args)
{
	const struct ft_condition *c = &ft_conditions[shape->conditions];

	for (unsigned i = 0; i < shape->nconditions; i++) {
		bool any = holds(&c[i], args);

		for (; c[i].more; i++)
			any |= holds(&c[i + 1], args);
		if (!any)
			return false;
	}
	return true;
}

/* On i386 what has 64 bits takes two registers, the lower half first. */
static void join_registers(struct ft_walk *walk, const struct ft_shape *shape)
{
	const struct ft_argument *arguments = &ft_arguments[shape->arguments];
	unsigned reg = 0;
	uint64_t args[6] = { 0 };

	for (unsigned i = 0; i < 6 && reg < 6; i++) {
		args[i] = walk->args[reg++];
		if (i < shape->nargs && ft_types[arguments[i].type].size == 8 && reg < 6)
			args[i] |= walk->args[reg++] << 32;
	}
	memcpy(walk->args, args, sizeof(args));
}

static const struct ft_shape *shape_of(const struct ft_event *ev)
{
	const struct ft_shapes_of_abi *abi = ev->abi < FT_ABI_COUNT ? &ft_shapes_of[ev->abi] : NULL;
	unsigned at = abi && (uint32_t)ev->nr < abi->count ? abi->at[ev->nr] : 0;

	return at ? &ft_shapes[at - 1] : NULL;
}

unsigned ft_walk_registers(const struct ft_walk *walk)
{
	const struct ft_shape *shape = shape_of(walk->view->event);
	unsigned most = 0;

	if (walk->is_subcall)
		return walk->shape->nargs;

	for (unsigned i = 0; shape && i <= shape->nvariants; i++) {
		const struct ft_argument *arguments = &ft_arguments[shape[i].arguments];
		unsigned count = shape[i].nargs;

		for (unsigned j = 0; walk->word == 4 && j < shape[i].nargs; j++)
			count += ft_types[arguments[j].type].size == 8;
		most = count > most ? count : most;
	}
	return most < 6 ? most : 6;
}

#define IPC_CALL   0xffffu /* above it is a version */
#define IPC_MSGRCV 12
#define IPC_SHMAT  21

/* In its first version msgrcv(2) has two arguments more than there are registers: they lie in memory. */
static bool msgrcv_unpacked(struct ft_walk *walk, uint64_t *args)
{
	struct ft_memory memory = ft_memory_at(walk->view, false, args[1], 8);

	if (memory.length < 8)
		return false;
	args[1] = ft_load(memory.data, 4);
	args[3] = ft_load(memory.data + 4, 4);
	return true;
}

/* What shmat(2) returns is written to where an argument points to. */
static void shmat_result(struct ft_walk *walk)
{
	struct ft_memory memory = ft_memory_at(walk->view, true, walk->args[3], 4);

	if (!walk->failed && memory.length == 4)
		walk->ret = (int64_t)ft_load(memory.data, 4);
}

static bool arguments_of(struct ft_walk *walk, const struct ft_subcall *s, uint64_t *args)
{
	struct ft_memory memory;

	if (!s->in_memory) {
		for (unsigned i = 0; i < s->count; i++)
			args[i] = walk->args[s->order[i]];
		return s->number != IPC_MSGRCV || walk->args[0] > IPC_CALL ||
		       msgrcv_unpacked(walk, args);
	}
	memory = ft_memory_at(walk->view, false, walk->args[1], 4u * s->count);
	if (memory.length < 4u * s->count)
		return false;
	for (unsigned i = 0; i < s->count; i++)
		args[i] = ft_load(memory.data + 4 * i, 4);
	return true;
}

/* The call that an i386 program makes by another one. */
static const struct ft_shape *subcall_of(struct ft_walk *walk)
{
	uint32_t nr = (uint32_t)walk->view->event->nr;

	for (unsigned i = 0; i < ft_subcall_count; i++) {
		const struct ft_subcall *s = &ft_subcalls[i];
		uint32_t number = (uint32_t)walk->args[0];
		uint64_t args[6] = { 0 };

		if (!s->in_memory)
			number &= IPC_CALL;
		if (s->nr != nr || s->number != number || !arguments_of(walk, s, args))
			continue;
		if (!s->in_memory && s->number == IPC_SHMAT)
			shmat_result(walk);
		memcpy(walk->args, args, sizeof(args));
		walk->is_subcall = true;
		return &ft_shapes[s->shape - 1];
	}
	return NULL;
}

int ft_walk_start(struct ft_walk *walk, const struct ft_view *view, struct ft_sink *sink)
{
	const struct ft_event *ev = view->event;
	const struct ft_shapes_of_abi *abi = ev->abi < FT_ABI_COUNT ? &ft_shapes_of[ev->abi] : NULL;
	const struct ft_shape *shape, *subcall;

	*walk = (struct ft_walk){
		.view = view,
		.sink = sink,
		.ret = ev->ret,
		.left = ev->ret > 0 ? (uint64_t)ev->ret : 0,
		.elements_max = FT_ELEMENTS_SHOWN,
		.netlink = -1,
		.elements_left = FT_ELEMENTS_OF_CALL,
		.ended = !(ev->flags & FT_FLAG_UNFINISHED),
		.failed = ev->flags & (FT_FLAG_ERROR | FT_FLAG_UNFINISHED | FT_FLAG_INTERRUPTED),
		.model = abi ? abi->model : FT_MODEL_GENERIC64,
		.word = abi && abi->model == FT_MODEL_I386 ? 4 : 8,
	};
	for (int i = 0; i < 6; i++)
		walk->args[i] = ft_cut_to(ev->args[i], walk->word);
	shape = walk->shape = shape_of(ev);
	if (!shape)
		return -ENOSYS;
	subcall = ev->abi == FT_ABI_I386 ? subcall_of(walk) : NULL;
	if (subcall)
		shape = walk->shape = subcall;
	else if (walk->word == 4)
		join_registers(walk, shape);
	for (unsigned i = 1; i <= shape->nvariants; i++) {
		if (!suits(&shape[i], walk->args))
			continue;
		walk->shape = &shape[i];
		break;
	}
	return 0;
}
