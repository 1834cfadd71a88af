/*
 * What a program that records itself has set for SIGTRAP and SIGSYS, which the engine uses itself.
 *
 * A handler stays the kernel's affair, but for one thing: the kernel resets it where it forces the signal upon a task
 * that blocks it (kernel/signal.c, force_sig_info_to_task()), so it is set again behind such a trap. That one of the
 * two is ignored the kernel is not told at all, for it would throw away traps of other threads that have not been
 * delivered yet (do_sigaction(), flush_sigqueue_mask()): to the kernel it has its default, and the tracer
 * takes those away that come. When the process leaves the engine the kernel is told.
 */
#ifndef FT_ACTIONS_H
#define FT_ACTIONS_H

#include <signal.h>

#include "engine/inline/inline.h"

/* Whether a call sets or asks for one of those. */
bool ft_actions_is_call(const struct user_regs_struct *regs);
/*
 * Makes such a call of the task, which stands in front of it. 0: *result is what it gives, or a negative errno: it is
 * not made, and cannot be while the process records itself.
 */
int ft_actions_call(struct ft_session *s, struct ft_task *t, const struct user_regs_struct *regs,
	int64_t *result);
/* Before a task runs anything of ours, whose traps would undo it: what its process ignores. */
void ft_actions_look(struct ft_task *t);
/* It will not record itself after all. */
void ft_actions_forget(struct ft_task *t);
/* A task that has just got its area: what its process ignored or handled before becomes known. 0 or a negative errno. */
int ft_actions_adopt(struct ft_session *s, struct ft_task *t);
/* A process has new memory by now: where the kernel would answer wrong who asks for an action, that is to stop. */
void ft_actions_watch(const struct ft_task *t);
/* What a new task has of its maker. flags: of clone(2). */
void ft_actions_inherit(struct ft_task *child, const struct ft_task *parent, uint64_t flags);
/* Behind an exec: handlers are gone. */
void ft_actions_exec(struct ft_task *t);

/* Whether the program has a handler for it. */
bool ft_actions_handles(const struct ft_task *t, int sig);
/* Whether the kernel has reset it. */
bool ft_actions_is_reset(const struct ft_task *t, int sig);
/* Sets it again. */
void ft_actions_restore(struct ft_session *s, struct ft_task *t, int sig);
/*
 * A stopped task gets one that its program handles, and runs on. False: it is to be resumed with it. Where other threads
 * might trap they stand still until it is in its handler: or it would die of a signal that has just been reset.
 */
bool ft_actions_deliver(struct ft_session *s, struct ft_task *t, int sig);
/* Whether the program ignores this one, which the kernel does not know. */
bool ft_actions_ignores(const struct ft_task *t, const siginfo_t *info);

/* The task leaves the engine: what its process ignores the kernel ignores from now on, if it is the last. */
void ft_actions_leave(struct ft_session *s, struct ft_task *t);

#endif
