/* Signals, sets of them, actions. */
#include "decode/signals.h"

#include <signal.h>

#include "decode/families.h"
#include "decode/walk.h"

#define KERNEL_SIGRTMIN 32
#define KERNEL_SIGRTMAX 64

bool ft_put_signal(struct ft_text *text, uint64_t number)
{
	const struct ft_member *m;

	if (number >= KERNEL_SIGRTMIN && number <= KERNEL_SIGRTMAX) {
		if (number == KERNEL_SIGRTMIN) {
			ft_puts(text, "SIGRTMIN");
		} else {
			ft_puts(text, "SIGRT_");
			ft_put_decimal(text, number - KERNEL_SIGRTMIN);
		}
		return true;
	}
	m = ft_member_of(&ft_sets[FT_SET_SIGNAL], number);
	if (m)
		ft_put(text, m->name, m->length);
	return m;
}

void ft_show_signal(struct ft_walk *walk, uint64_t value)
{
	char buffer[32];
	struct ft_text text;

	ft_text_start(&text, buffer, sizeof(buffer));
	if (ft_put_signal(&text, value))
		walk->sink->ops->named(
			walk->sink, value, FT_SIGNED, buffer, (size_t)(text.at - buffer));
	else
		ft_integer(walk, (uint64_t)(int32_t)value, FT_SIGNED);
}

void ft_show_handler(struct ft_walk *walk, uint64_t value)
{
	static const char *const names[] = { "SIG_DFL", "SIG_IGN" };

	if (value < 2)
		ft_named(walk, value, FT_HEX, names[value]);
	else if (value == (walk->word == 4 ? UINT32_MAX : UINT64_MAX))
		ft_named(walk, value, FT_HEX, "SIG_ERR");
	else
		ft_integer(walk, value, FT_ADDRESS);
}

static void show_signals(struct ft_walk *walk, uint64_t set)
{
	char buffer[2048], name[32];
	struct ft_text text, one;
	/* A set of most signals is told by what it lacks. */
	bool inverted = __builtin_popcountll(set) >= 42;
	uint64_t left = inverted ? ~set : set;
	bool first = true;

	ft_text_start(&text, buffer, sizeof(buffer));
	text.constants = walk->constants;
	ft_puts(&text, inverted ? "~[" : "[");
	for (unsigned i = 0; i < 64; i++) {
		if (!(left >> i & 1))
			continue;
		if (!first)
			ft_puts(&text, " ");
		first = false;
		ft_text_start(&one, name, sizeof(name));
		if (ft_put_signal(&one, i + 1)) /* without SIG */
			ft_put_named(
				&text, i + 1, FT_UNSIGNED, name + 3, (size_t)(one.at - name) - 3);
		else
			ft_put_decimal(&text, i + 1);
	}
	ft_puts(&text, "]");
	walk->sink->ops->named(walk->sink, set, FT_AS_TEXT, buffer, (size_t)(text.at - buffer));
}

/* The mask is captured as bytes of argument 0. */
void ft_sigreturn_shown(struct ft_walk *walk)
{
	const struct ft_snapshot *first = NULL;
	size_t length = 0;
	uint8_t mask[8];

	for (size_t i = 0; i < walk->view->count && length < sizeof(mask); i++) {
		const struct ft_snapshot *s = &walk->view->snapshots[i];
		size_t size = s->length < sizeof(mask) - length ? s->length : sizeof(mask) - length;

		if (s->arg || s->after)
			continue;
		if (!first)
			first = s;
		memcpy(mask + length, s->data, size);
		length += size;
	}
	if (!first)
		return;
	walk->sink->ops->argument(walk->sink, "frame");
	if (length < sizeof(mask)) {
		ft_integer(walk, first->address, FT_ADDRESS);
		return;
	}
	ft_open(walk, "{");
	ft_next(walk, "mask");
	show_signals(walk, ft_load(mask, sizeof(mask)));
	ft_close(walk, "}");
}

bool ft_read_sigset(struct ft_walk *walk, const struct ft_memory *memory)
{
	/* A set of another size is none; the kernel writes a part of one if that is asked for. */
	if (memory->length < (memory->after ? 4 : 8) || memory->found != FT_HERE)
		return false;
	show_signals(walk, ft_load(memory->data, memory->length < 8 ? memory->length : 8));
	return true;
}

/* Handler, flags, restorer, then the mask: as rt_sigaction(2) has it where there is SA_RESTORER. */
bool ft_read_sigaction(struct ft_walk *walk, const struct ft_memory *memory)
{
	size_t word = walk->word;
	uint64_t flags;

	/* On riscv64 there is no restorer before the mask. */
	if (memory->length < 3 * word + 8 || walk->view->event->abi == FT_ABI_RISCV64)
		return false;
	flags = ft_load(memory->data + word, word);
	ft_open(walk, "{");
	ft_next(walk, "sa_handler");
	ft_show_handler(walk, ft_load(memory->data, word));
	ft_next(walk, "sa_mask");
	show_signals(walk, ft_load(memory->data + 3 * word, 8));
	ft_next(walk, "sa_flags");
	ft_set_shown(walk, FT_SET_SIGACTION_FLAGS, flags);
	if (flags & 0x04000000) { /* SA_RESTORER */
		ft_next(walk, "sa_restorer");
		ft_pointer_shown(walk, ft_load(memory->data + 2 * word, word));
	}
	ft_close(walk, "}");
	return true;
}

/* How a timer or a queue tells that something has happened. */
bool ft_read_sigevent(struct ft_walk *walk, const struct ft_memory *memory)
{
	const uint8_t *data = memory->data;
	size_t word = walk->word, at = word + 8;
	uint64_t value, notify;

	if (memory->length < at + 2 * word)
		return false;
	value = ft_load(data, word);
	notify = ft_load(data + word + 4, 4);
	ft_open(walk, "{");
	if (value) {
		ft_next(walk, "sigev_value");
		ft_open(walk, "{");
		ft_next(walk, "sival_int");
		ft_integer(walk, (uint64_t)(int32_t)value, FT_SIGNED);
		ft_next(walk, "sival_ptr");
		ft_pointer_shown(walk, value);
		ft_close(walk, "}");
	}
	ft_next(walk, "sigev_signo");
	if (notify == SIGEV_SIGNAL || notify == SIGEV_THREAD || notify == 4) /* SIGEV_THREAD_ID */
		ft_show_signal(walk, ft_load(data + word, 4));
	else
		ft_integer(walk, (uint64_t)(int32_t)ft_load(data + word, 4), FT_SIGNED);
	ft_next(walk, "sigev_notify");
	ft_set_shown(walk, FT_SET_SIGEV_NOTIFY, notify);
	if (notify == SIGEV_THREAD) {
		ft_next(walk, "sigev_notify_function");
		ft_pointer_shown(walk, ft_load(data + at, word));
		ft_next(walk, "sigev_notify_attributes");
		ft_pointer_shown(walk, ft_load(data + at + word, word));
	} else if (notify == 4) { /* SIGEV_THREAD_ID */
		ft_next(walk, "sigev_notify_thread_id");
		ft_integer(walk, (uint64_t)(int32_t)ft_load(data + at, 4), FT_SIGNED);
	}
	ft_close(walk, "}");
	return true;
}
