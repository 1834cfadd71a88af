#if defined(__x86_64__)
#define _GNU_SOURCE
#include "engine/inline/run/made.h"

#include <stdlib.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/user.h>

#include "arch/x86_64/recorder.h"
#include "session/record.h"
#include "session/task.h"

struct ft_snippet ft_made_call(uint64_t syscall_insn, uint32_t nr)
{
	return (struct ft_snippet){
		.address = syscall_insn, .len = 2, .call[0] = { .nr = nr, .end = 2 }, .calls = 1
	};
}

struct ft_snippet ft_made_sync(void)
{
	struct ft_snippet c = { .address = ft_recorder_sync(), .calls = 2 };
	uint16_t ends[2];

	ft_recorder_sync_ends(ends);
	for (int i = 0; i < 2; i++) {
		c.call[i].nr = SYS_mprotect;
		c.call[i].end = ends[i];
	}
	c.len = ends[1];
	return c;
}

static int count(
	struct ft_session *s, const struct ft_task *t, const struct ft_snippet *c, uint64_t ip)
{
	int begun = 0;

	if (ip < c->address || ip > c->address + c->len + 1) /* one for the int3 behind it */
		return 0;
	while (begun < c->calls && c->address + c->call[begun].end <= ip)
		ft_record_engine_call(s, t, c->call[begun++].nr);
	return begun;
}

int ft_made_count(struct ft_session *s, struct ft_task *t, const struct ft_snippet *c,
	const struct user_regs_struct *regs)
{
	if (regs->rip)
		return count(s, t, c, regs->rip);
	free(t->unread);
	t->unread = malloc(sizeof(*t->unread));
	if (t->unread)
		*t->unread = *c;
	return 0;
}

void ft_made_snippet(struct ft_session *s, struct ft_task *t, struct ft_snippet *c,
	const struct user_regs_struct *regs, bool failed)
{
	const struct ft_task apart = { .tid = (pid_t)regs->r15 };
	int begun = ft_made_count(s, t, c, regs);

	for (int i = 0; i < c->apart_calls && !failed; i++) /* or who knows which */
		ft_record_engine_call(s, &apart, c->apart_nr[i]);
	c->done = begun - (failed && begun);
	c->fd = (int)regs->r15;
}

void ft_made_exiting(struct ft_session *s, struct ft_task *t)
{
	struct user_regs_struct regs;

	if (t->unread && !ptrace(PTRACE_GETREGS, t->tid, 0, &regs))
		count(s, t, t->unread, regs.rip);
	free(t->unread);
	t->unread = NULL;
}
#endif
