/* Which calls a task has made of the code of ours that it was made to run, by where it came to. */
#ifndef FT_MADE_H
#define FT_MADE_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/user.h>

#include "engine/inline/run/snippet.h"

struct ft_session;
struct ft_task;

/* A call through the syscall instruction at an address, and the recorder's ft_recorder_sync(), as that code. */
struct ft_snippet ft_made_call(uint64_t syscall_insn, uint32_t nr);
struct ft_snippet ft_made_sync(void);

/*
 * Records those that it had begun when it came to where its registers say; how many. rip 0: it was killed before these
 * could be read; they are where it stops to exit.
 */
int ft_made_count(struct ft_session *s, struct ft_task *t, const struct ft_snippet *c,
	const struct user_regs_struct *regs);
/* The same of one with all that it tells once it has run; failed: or has not. */
void ft_made_snippet(struct ft_session *s, struct ft_task *t, struct ft_snippet *c,
	const struct user_regs_struct *regs, bool failed);
/* It has stopped there. */
void ft_made_exiting(struct ft_session *s, struct ft_task *t);

#endif
