/* What tells of waiting: a child's status, sets of descriptors and processors. */
#include <sys/wait.h>

#include "decode/families.h"
#include "decode/signals.h"
#include "decode/text.h"
#include "decode/walk.h"

static void put_signal(struct ft_text *text, int number)
{
	if (!ft_put_signal(text, (unsigned)number))
		ft_put_decimal(text, (unsigned)number);
}

bool ft_read_waitstatus(struct ft_walk *walk, const struct ft_memory *memory)
{
	char buffer[128];
	struct ft_text text;
	int whole, status;

	/* With WNOHANG and nothing to tell the kernel writes nothing. */
	if (memory->length < 4 || !walk->ret)
		return false;
	whole = status = (int)ft_load(memory->data, 4);
	ft_text_start(&text, buffer, sizeof(buffer));
	ft_puts(&text, "[");
	if (WIFEXITED(status)) {
		ft_puts(&text, "{WIFEXITED(s) && WEXITSTATUS(s) == ");
		ft_put_decimal(&text, (unsigned)WEXITSTATUS(status));
		status &= ~0xff00;
	} else if (WIFCONTINUED(status)) {
		ft_puts(&text, "{WIFCONTINUED(s)");
		status &= ~0xffff;
	} else if (WIFSTOPPED(status)) {
		ft_puts(&text, "{WIFSTOPPED(s) && WSTOPSIG(s) == ");
		put_signal(&text, WSTOPSIG(status) & 0x7f);
		if (WSTOPSIG(status) & 0x80)
			ft_puts(&text, " | 0x80");
		status &= ~0xffff;
	} else {
		ft_puts(&text, "{WIFSIGNALED(s) && WTERMSIG(s) == ");
		put_signal(&text, WTERMSIG(status));
		if (WCOREDUMP(status))
			ft_puts(&text, " && WCOREDUMP(s)");
		status &= ~0xff;
	}
	ft_puts(&text, "}");
	if (status) {
		ft_puts(&text, " | ");
		ft_put_hex(&text, (unsigned)status);
	}
	ft_puts(&text, "]");
	walk->sink->ops->named(walk->sink, (uint64_t)(uint32_t)whole, FT_AS_TEXT, buffer,
		(size_t)(text.at - buffer));
	return true;
}

static void show_bits(struct ft_walk *walk, const uint8_t *data, size_t bits, bool are_fds)
{
	ft_open(walk, "[");
	for (size_t i = 0; i < bits; i++) {
		if (!(data[i / 8] >> i % 8 & 1))
			continue;
		walk->sink->ops->also(walk->sink);
		if (are_fds)
			ft_show_fd(walk, i);
		else
			ft_integer(walk, i, FT_UNSIGNED);
	}
	ft_close(walk, "]");
}

/* The kernel reads as many bits as argument 0 says, in whole words. */
bool ft_read_fdset(struct ft_walk *walk, const struct ft_memory *memory)
{
	int32_t bits = (int32_t)walk->args[0];

	if (bits < 0 || bits > 1 << 16 || memory->length < (size_t)(bits + 7) / 8)
		return false;
	show_bits(walk, memory->data, (size_t)bits, true);
	return true;
}

bool ft_read_cpuset(struct ft_walk *walk, const struct ft_memory *memory)
{
	if (memory->found == FT_FAULT || memory->length > 1 << 13)
		return false;
	show_bits(walk, memory->data, memory->length * 8, false);
	return true;
}
