#define _GNU_SOURCE
#include "session/interrupt.h"

#include <stdlib.h>
#include <string.h>
#include <sys/ptrace.h>
#include <linux/ptrace.h>

#include "arch/arch.h"
#include "kernel/proc.h"

void ft_interrupt(struct ft_task *t)
{
	if (!t->interrupting)
		t->interrupting = !ptrace(PTRACE_INTERRUPT, t->tid, 0, 0);
}

/* Whether a signal waits that the task would take: then an EINTR is the program's own. */
static bool signal_waits(pid_t tid)
{
	char status[4096];

	if (ft_proc_text(tid, "status", status, sizeof(status)) <= 0)
		return true;
	return (ft_proc_mask_field(status, "SigPnd") | ft_proc_mask_field(status, "ShdPnd")) &
	       ~ft_proc_mask_field(status, "SigBlk");
}

bool ft_interrupt_ended_call(struct ft_task *t)
{
	uint64_t nr;

	return t->interrupting && ft_arch_is_remade(t->tid, &nr) > 0 && !signal_waits(t->tid);
}

void ft_interrupt_settle(struct ft_task *t)
{
	uint64_t nr;
	int again;

	if (!t->interrupting)
		return;
	t->interrupting = false;
	t->remakes = false;
	if (signal_waits(t->tid))
		return;
	/* The kernel makes some again as restart_syscall(2), which nobody has called. */
	again = ft_arch_is_remade(t->tid, &nr);
	t->remakes = again > 0;
	if (again == 1)
		t->remade = nr + 1;
	ft_arch_redo_eintr(t->tid);
}
