/* Lines of signals and of ends. */
#define _GNU_SOURCE
#include <signal.h>
#include <sys/wait.h>

#include "decode/siginfo.h"
#include "decode/signal_codes.h"
#include "decode/signals.h"
#include "decode/strace_text.h"
#include "decode/task_names.h"

static void put_signal(struct ft_text *text, uint64_t number)
{
	if (ft_put_signal(text, number))
		return;
	ft_put_decimal(text, number);
}

/* Sent by the processor, with an address. */
static bool is_fault(const struct ft_event *ev)
{
	switch (ev->nr) {
	case SIGSEGV:
	case SIGBUS:
	case SIGILL:
	case SIGFPE:
	case SIGTRAP:
		return (int32_t)ev->args[0] > 0;
	}
	return false;
}

/* What the event itself holds of siginfo. */
static void put_brief(struct ft_strace_text *st, const struct ft_event *ev)
{
	struct ft_text *text = &st->text;
	int32_t code = (int32_t)ev->args[0];

	ft_puts(text, "{si_signo=");
	put_signal(text, (uint32_t)ev->nr);
	ft_puts(text, ", si_code=");
	ft_put_signal_code(text, (uint32_t)ev->nr, code);
	if (is_fault(ev)) {
		ft_puts(text, ev->args[3] ? ", si_addr=" : ", si_addr=NULL");
		if (ev->args[3])
			ft_put_hex(text, ev->args[3]);
	} else if (code <= 0 || ev->nr == SIGCHLD) {
		ft_puts(text, ", si_pid=");
		ft_put_task(text, st->names, ev->tid, (int32_t)ev->args[1], FT_NUMBER_OF_TASK);
		ft_puts(text, ", si_uid=");
		ft_put_decimal(text, (uint32_t)ev->args[2]);
	}
	ft_puts(text, "}");
}

void ft_strace_signal(struct ft_strace_text *st, const struct ft_event *ev, const uint8_t *siginfo)
{
	const struct ft_view view = { .event = ev };
	struct ft_text *text = &st->text;
	struct ft_walk walk;

	ft_puts(text, "--- ");
	put_signal(text, (uint32_t)ev->nr);
	ft_puts(text, " ");
	if (siginfo) {
		text->is_first = true;
		ft_walk_start(&walk, &view, &text->sink);
		walk.constants = st->style->constants;
		walk.names = st->names;
		ft_siginfo_shown(&walk, siginfo);
	} else {
		put_brief(st, ev);
	}
	ft_puts(text, " ---\n");
}

void ft_strace_stop(struct ft_strace_text *st, const struct ft_event *ev)
{
	struct ft_text *text = &st->text;

	ft_puts(text, "--- stopped by ");
	put_signal(text, (uint32_t)ev->nr);
	ft_puts(text, " ---\n");
}

void ft_strace_exit(struct ft_strace_text *st, const struct ft_event *ev)
{
	int status = (int)(ev->ret & 0xffff);
	struct ft_text *text = &st->text;

	if (WIFSIGNALED(status)) {
		ft_puts(text, "+++ killed by ");
		put_signal(text, (unsigned)WTERMSIG(status));
		ft_puts(text, WCOREDUMP(status) ? " (core dumped) +++\n" : " +++\n");
		return;
	}
	ft_puts(text, "+++ exited with ");
	ft_put_decimal(text, (unsigned)WEXITSTATUS(status));
	ft_puts(text, " +++\n");
}
