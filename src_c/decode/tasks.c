#include "decode/tasks.h"

#include <linux/sched.h>

#include "decode/families.h"
#include "decode/signals.h"
#include "decode/text.h"

static uint64_t argument(const struct ft_walk *walk, const char *name)
{
	const struct ft_argument *a = &ft_arguments[walk->shape->arguments];

	for (unsigned i = 0; i < walk->shape->nargs; i++)
		if (!strcmp(a[i].name, name))
			return walk->args[i];
	return 0;
}

static void named(struct ft_walk *walk, const char *name, const char *equals)
{
	walk->sink->ops->argument(walk->sink, name);
	ft_word(walk, equals);
}

void ft_clone_shown(struct ft_walk *walk)
{
	uint64_t value = argument(walk, "flags"), flags = value & ~(uint64_t)CSIGNAL;
	uint64_t parent = argument(walk, "parent_tid");
	char buffer[512];
	struct ft_text text;
	struct ft_memory tid;
	bool any;

	named(walk, "child_stack", "child_stack=");
	ft_pointer_shown(walk, argument(walk, "stack"));
	named(walk, "flags", "flags=");
	ft_text_start(&text, buffer, sizeof(buffer));
	any = flags && ft_put_flags(&text, &ft_sets[FT_SET_CLONE_FLAGS], flags);
	if (flags && !any) {
		ft_put_hex(&text, flags);
		ft_puts(&text, " /* CLONE_??? */");
	}
	if (value & CSIGNAL) {
		if (flags)
			ft_puts(&text, "|");
		if (!ft_put_signal(&text, value & CSIGNAL))
			ft_put_decimal(&text, value & CSIGNAL);
	} else if (!flags) {
		ft_puts(&text, "0");
	}
	walk->sink->ops->word(walk->sink, buffer, (size_t)(text.at - buffer));
	if (flags & (CLONE_PARENT_SETTID | CLONE_PIDFD)) {
		named(walk, "parent_tid", "parent_tid=");
		tid = ft_memory_at(walk->view, true, parent, 4);
		if (parent && !walk->failed && tid.found == FT_HERE) {
			ft_open(walk, "[");
			ft_next(walk, NULL);
			ft_integer(walk, (uint64_t)(int32_t)ft_load(tid.data, 4), FT_SIGNED);
			ft_close(walk, "]");
		} else {
			ft_pointer_shown(walk, parent);
		}
	}
	if (flags & CLONE_SETTLS) {
		named(walk, "tls", "tls=");
		ft_integer(walk, argument(walk, "tls"), FT_HEX);
	}
	if (flags & (CLONE_CHILD_SETTID | CLONE_CHILD_CLEARTID)) {
		named(walk, "child_tidptr", "child_tidptr=");
		ft_pointer_shown(walk, argument(walk, "child_tid"));
	}
}

bool ft_strings_shown(struct ft_walk *walk, const struct ft_memory *vector)
{
	size_t n = vector->length / walk->word;

	ft_open(walk, "[");
	for (size_t i = 0; i < n; i++) {
		uint64_t address = ft_load(vector->data + i * walk->word, walk->word);
		struct ft_memory string;
		size_t length;

		if (!address)
			break;
		ft_next(walk, NULL);
		if (i == FT_ELEMENTS_SHOWN) {
			walk->sink->ops->more(walk->sink);
			break;
		}
		string = ft_string_at(walk->view, vector->after, address);
		if (!string.data || string.found == FT_FAULT) {
			ft_integer(walk, address, FT_ADDRESS);
			continue;
		}
		length = string.length < walk->string_max ? string.length : walk->string_max;
		walk->sink->ops->bytes(walk->sink, string.data, length,
			string.found == FT_CUT || length < string.length);
	}
	ft_close(walk, "]");
	return true;
}

bool ft_environment_shown(struct ft_walk *walk, const struct ft_memory *vector)
{
	size_t n = vector->length / walk->word, count = 0;
	char buffer[48];
	struct ft_text text;

	while (count < n && ft_load(vector->data + count * walk->word, walk->word))
		count++;
	if (count == n)
		return false; /* it goes on */
	ft_text_start(&text, buffer, sizeof(buffer) - 1);
	ft_put_decimal(&text, count);
	ft_puts(&text, count == 1 ? " var" : " vars");
	*text.at = 0;
	ft_integer(walk, vector->address, FT_ADDRESS);
	walk->sink->ops->comment(walk->sink, buffer);
	return true;
}
