/* The frame that the kernel puts on the stack for a signal's handler, and that rt_sigreturn(2) takes away. */
#ifndef FT_SIGFRAME_H
#define FT_SIGFRAME_H

#include "session/session.h"

/*
 * Adds to the task's payload the mask that the frame gives back, as bytes of argument 0, which the call does not have:
 * in one item or in two. stack: the stack pointer at the call. mask: as it was read there; NULL: it could not be.
 */
void ft_sigframe_add(struct ft_session *s, struct ft_task *t, enum ft_abi abi, bool is_rt,
	uint64_t stack, const uint64_t *mask);
/* Reads it, too. */
void ft_sigframe_capture(
	struct ft_session *s, struct ft_task *t, enum ft_abi abi, bool is_rt, uint64_t stack);

#endif
