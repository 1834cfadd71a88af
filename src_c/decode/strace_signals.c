/* Lines of signals and of ends. */
#define _GNU_SOURCE
#include <signal.h>
#include <sys/wait.h>

#include "decode/signal_codes.h"
#include "decode/signals.h"
#include "decode/strace_text.h"

static void put_signal(struct ft_text *text, uint64_t number)
{
	if (ft_put_signal(text, number))
		return;
	ft_put_decimal(text, number);
}

static void put_child_status(struct ft_text *text, int status)
{
	ft_puts(text, ", si_status=");
	if (WIFEXITED(status))
		ft_put_decimal(text, (unsigned)WEXITSTATUS(status));
	else
		put_signal(text, (unsigned)WTERMSIG(status));
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

/* What the event holds of siginfo behind the code. */
static void put_origin(struct ft_text *text, const struct ft_event *ev, int status)
{
	int32_t code = (int32_t)ev->args[0];
	bool is_child = ev->nr == SIGCHLD && code > 0 && code <= CLD_CONTINUED;

	if (is_fault(ev)) {
		ft_puts(text, ev->args[3] ? ", si_addr=" : ", si_addr=NULL");
		if (ev->args[3])
			ft_put_hex(text, ev->args[3]);
		return;
	}
	if (code > 0 && !is_child)
		return;
	/* A timer's id and overruns lie where others have these. */
	ft_puts(text, code == SI_TIMER ? ", si_timerid=" : ", si_pid=");
	ft_put_signed(text, (int32_t)ev->args[1]);
	ft_puts(text, code == SI_TIMER ? ", si_overrun=" : ", si_uid=");
	ft_put_decimal(text, (uint32_t)ev->args[2]);
	if (is_child && code == CLD_CONTINUED)
		ft_puts(text, ", si_status=SIGCONT");
	else if (is_child && status >= 0 && code <= CLD_DUMPED)
		put_child_status(text, status);
}

void ft_strace_signal(struct ft_strace_text *st, const struct ft_event *ev, int status)
{
	struct ft_text *text = &st->text;

	ft_puts(text, "--- ");
	put_signal(text, (uint32_t)ev->nr);
	ft_puts(text, " {si_signo=");
	put_signal(text, (uint32_t)ev->nr);
	ft_puts(text, ", si_code=");
	ft_put_signal_code(text, (uint32_t)ev->nr, (int32_t)ev->args[0]);
	put_origin(text, ev, status);
	ft_puts(text, "} ---\n");
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
