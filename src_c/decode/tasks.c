#define _GNU_SOURCE
#include "decode/tasks.h"

#include <fcntl.h>
#include <linux/sched.h>

#include "decode/families.h"
#include "decode/signals.h"
#include "decode/task_names.h"
#include "decode/text.h"

uint64_t ft_argument_named(const struct ft_walk *walk, const char *name)
{
	const struct ft_argument *a = &ft_arguments[walk->shape->arguments];

	for (unsigned i = 0; i < walk->shape->nargs; i++)
		if (!strcmp(a[i].name, name))
			return walk->args[i];
	return 0;
}

static void labelled(struct ft_walk *walk, const char *name)
{
	walk->sink->ops->argument(walk->sink, name);
	walk->sink->ops->label(walk->sink, name);
}

/* The number that the kernel wrote there; the child's tid is the result as well. */
static bool tid_shown(struct ft_walk *walk, uint64_t address, bool is_tid)
{
	struct ft_memory memory = ft_memory_at(walk->view, true, address, 4);
	uint64_t value;
	bool was_after;

	if (!address || memory.found == FT_FAULT || (memory.found != FT_HERE && !is_tid))
		return false;
	ft_open(walk, "[");
	ft_next(walk, NULL);
	was_after = walk->after;
	walk->after = true;
	value = memory.found == FT_HERE ? (uint64_t)(int32_t)ft_load(memory.data, 4)
					: (uint64_t)walk->ret;
	if (is_tid)
		ft_show_pid(walk, value);
	else
		ft_integer(walk, value, FT_SIGNED);
	walk->after = was_after;
	ft_close(walk, "]");
	return true;
}

void ft_clone_shown(struct ft_walk *walk)
{
	uint64_t value = ft_argument_named(walk, "flags"), flags = value & ~(uint64_t)CSIGNAL;
	uint64_t parent = ft_argument_named(walk, "parent_tid");
	char buffer[768], name[32];
	struct ft_text text, signal;

	labelled(walk, "child_stack");
	ft_pointer_shown(walk, ft_argument_named(walk, "stack"));
	labelled(walk, "flags");
	ft_text_start(&text, buffer, sizeof(buffer));
	text.constants = walk->constants;
	if (flags)
		ft_put_set(&text, &ft_sets[FT_SET_CLONE_FLAGS], flags);
	if (value & CSIGNAL) {
		if (flags)
			ft_puts(&text, "|");
		ft_text_start(&signal, name, sizeof(name));
		if (ft_put_signal(&signal, value & CSIGNAL))
			ft_put_named(&text, value & CSIGNAL, FT_UNSIGNED, name,
				(size_t)(signal.at - name));
		else
			ft_put_decimal(&text, value & CSIGNAL);
	} else if (!flags) {
		ft_puts(&text, "0");
	}
	walk->sink->ops->named(walk->sink, value, FT_AS_TEXT, buffer, (size_t)(text.at - buffer));
	if (flags & (CLONE_PARENT_SETTID | CLONE_PIDFD)) {
		labelled(walk, "parent_tid");
		if (walk->failed || walk->is_shallow ||
			!tid_shown(walk, parent, flags & CLONE_PARENT_SETTID))
			ft_pointer_shown(walk, parent);
	}
	if (flags & CLONE_SETTLS) {
		labelled(walk, "tls");
		ft_integer(walk, ft_argument_named(walk, "tls"), FT_HEX);
	}
	if (flags & (CLONE_CHILD_SETTID | CLONE_CHILD_CLEARTID)) {
		labelled(walk, "child_tidptr");
		ft_pointer_shown(walk, ft_argument_named(walk, "child_tid"));
	}
}

void ft_clone3_written(struct ft_walk *walk)
{
	struct ft_memory args = ft_memory_at(walk->view, false, walk->args[0], 64);
	uint64_t flags, pidfd, parent;

	if (walk->failed || args.found != FT_HERE)
		return;
	flags = ft_load(args.data, 8);
	pidfd = ft_load(args.data + 8, 8);
	if (flags & CLONE_PIDFD && ft_memory_at(walk->view, true, pidfd, 4).found != FT_HERE)
		flags &= ~(uint64_t)CLONE_PIDFD;
	if (!(flags & (CLONE_PIDFD | CLONE_PARENT_SETTID)))
		return;
	walk->sink->ops->becomes(walk->sink);
	ft_open(walk, "{");
	if (flags & CLONE_PIDFD) {
		ft_next(walk, "pidfd");
		tid_shown(walk, pidfd, false);
	}
	if (flags & CLONE_PARENT_SETTID) {
		ft_next(walk, "parent_tid");
		parent = ft_load(args.data + 24, 8);
		if (!tid_shown(walk, parent, true))
			ft_pointer_shown(walk, parent);
	}
	ft_close(walk, "}");
}

bool ft_strings_shown(struct ft_walk *walk, const struct ft_memory *vector)
{
	size_t n = vector->length / walk->word, i = 0;

	ft_open(walk, "[");
	for (; i < n; i++) {
		uint64_t address = ft_load(vector->data + i * walk->word, walk->word);
		struct ft_memory string;
		size_t length;

		if (!address)
			break;
		ft_next(walk, NULL);
		if (i == walk->elements_max) {
			walk->sink->ops->more(walk->sink);
			break;
		}
		string = ft_string_at(walk->view, vector->after, address);
		if (!string.data || string.found == FT_FAULT) {
			ft_integer(walk, address, FT_ADDRESS);
			continue;
		}
		length = string.length < walk->string_max ? string.length : walk->string_max;
		walk->sink->ops->string(walk->sink, string.data, length,
			string.found == FT_CUT || length < string.length);
	}
	if (i == n) { /* without an end */
		ft_more(walk);
		if (vector->found == FT_FAULT)
			walk->sink->ops->fault(walk->sink, vector->address + n * walk->word);
	}
	ft_close(walk, "]");
	return true;
}

/* The kernel takes 15 bytes for a task's name. */
bool ft_read_comm(struct ft_walk *walk, const struct ft_memory *memory)
{
	struct ft_memory name = ft_string_at(walk->view, memory->after, memory->address);
	size_t most = walk->string_max < 15 ? walk->string_max : 15;
	size_t length = name.length < most ? name.length : most;

	if (!name.data || name.found == FT_FAULT)
		return false;
	walk->sink->ops->string(
		walk->sink, name.data, length, length < name.length || name.found == FT_CUT);
	return true;
}

/* What a vector leads to is copied only if that was asked for. */
static bool is_copied(const struct ft_walk *walk, const struct ft_memory *vector)
{
	uint64_t first = vector->length >= walk->word ? ft_load(vector->data, walk->word) : 0;

	return !first || ft_string_at(walk->view, vector->after, first).found != FT_NOT_THERE;
}

bool ft_environment_shown(struct ft_walk *walk, const struct ft_memory *vector)
{
	size_t n = vector->length / walk->word, count = 0;
	char buffer[48];
	struct ft_text text;

	if (walk->is_whole && is_copied(walk, vector))
		return ft_strings_shown(walk, vector);
	while (count < n && ft_load(vector->data + count * walk->word, walk->word))
		count++;
	if (count == n && vector->found != FT_FAULT)
		return false; /* it goes on */
	ft_text_start(&text, buffer, sizeof(buffer) - 1);
	ft_put_decimal(&text, count);
	ft_puts(&text, count == 1 ? " var" : " vars");
	if (count == n)
		ft_puts(&text, ", unterminated");
	*text.at = 0;
	ft_integer(walk, vector->address, FT_ADDRESS);
	walk->sink->ops->comment(walk->sink, buffer);
	return true;
}

static void show_number(struct ft_walk *walk, uint64_t value, enum ft_number_of of)
{
	const struct ft_event *ev = walk->view->event;
	int32_t number = (int32_t)value;

	if (!walk->names || !walk->sink->ops->task) {
		ft_integer(walk, (uint64_t)(int64_t)number, FT_SIGNED);
		return;
	}
	if (walk->after && !walk->is_begun)
		ft_task_names_until(walk->names, ev->time_ns + ev->duration_ns);
	walk->sink->ops->task(walk->sink, walk->names, ev->tid, number, of);
}

void ft_show_pid(struct ft_walk *walk, uint64_t value)
{
	show_number(walk, value, FT_NUMBER_OF_TASK);
}

void ft_show_pgid(struct ft_walk *walk, uint64_t value)
{
	int32_t number = (int32_t)value;

	if (number < 0)
		ft_integer(walk, (uint64_t)(int64_t)number, FT_SIGNED);
	else
		show_number(walk, value, FT_NUMBER_OF_GROUP);
}

void ft_show_sid(struct ft_walk *walk, uint64_t value)
{
	show_number(walk, value, FT_NUMBER_OF_SESSION);
}

/* Of a process, or the negative one of a group; -1 is neither. */
void ft_show_pid_or_group(struct ft_walk *walk, uint64_t value)
{
	int32_t number = (int32_t)value;

	show_number(walk, value, number < -1 ? FT_NUMBER_OF_GROUP : FT_NUMBER_OF_TASK);
}

/* An address of netlink's is a process, if it bound none of its own. */
void ft_show_port_pid(struct ft_walk *walk, uint64_t value)
{
	if (value > INT32_MAX)
		ft_integer(walk, value, FT_UNSIGNED);
	else
		ft_show_pid(walk, value);
}

/* Of fcntl's structure, whose first number says what it is. */
void ft_show_owner_pid(struct ft_walk *walk, uint64_t value)
{
	uint64_t type = walk->base ? ft_load(walk->base, 4) : F_OWNER_PID;

	if (type == F_OWNER_TID || type == F_OWNER_PID)
		ft_show_pid(walk, value);
	else if (type == F_OWNER_PGRP)
		ft_show_pgid(walk, value);
	else
		ft_integer(walk, (uint64_t)(int64_t)(int32_t)value, FT_SIGNED);
}

/* A string in a buffer of so many bytes. */
bool ft_read_text(struct ft_walk *walk, const struct ft_memory *memory)
{
	size_t length, most = walk->string_max;

	if (!memory->length)
		return false;
	length = strnlen((const char *)memory->data, memory->length);
	if (length == memory->length && memory->found == FT_FAULT)
		return false;
	walk->sink->ops->string(walk->sink, memory->data, length < most ? length : most,
		length > most || length == memory->length);
	return true;
}
