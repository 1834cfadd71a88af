/* The frame that the kernel puts on the stack for a signal's handler, and that rt_sigreturn(2) takes away. */
#ifndef FT_SIGFRAME_H
#define FT_SIGFRAME_H

#include "session/session.h"

#define FT_SIGFRAME_SPACE (2 * FT_PAYLOAD_SIZE(sizeof(uint64_t)))

/*
 * The mask that the frame gives back, as bytes of argument 0, which the call does not have: in one item or in two.
 * stack: the stack pointer at the call. mask: as it was read there; NULL: it could not be. Returns the size of what it
 * writes, at most FT_SIGFRAME_SPACE; 0: nobody wants it.
 */
size_t ft_sigframe_items(const struct ft_session *s, enum ft_abi abi, bool is_rt, uint64_t stack,
	const uint64_t *mask, uint8_t *items);
/* Adds it to the task's payload. */
void ft_sigframe_add(struct ft_session *s, struct ft_task *t, enum ft_abi abi, bool is_rt,
	uint64_t stack, const uint64_t *mask);
/* Reads it, too. */
void ft_sigframe_capture(
	struct ft_session *s, struct ft_task *t, enum ft_abi abi, bool is_rt, uint64_t stack);

#endif
