/* The Python frames of a thread, from the one that runs outwards. */
#ifndef FT_PYTHON_STACK_H
#define FT_PYTHON_STACK_H

#include "python/interpreter.h"

/* What is kept of a thread from one look to the next; all zeros at first. */
struct ft_python_thread {
	struct ft_python_trail trail;
	uint64_t state; /* address of its PyThreadState; 0: not known */
};

/*
 * Writes a struct ft_payload_frame for each, `frames` of them at most, and returns the bytes; 0: no Python
 * runs in this thread. self: what pthread_self(3) is there. *flags: FT_PAYLOAD_TRUNCATED, there are more;
 * with FT_PAYLOAD_FAULT: that cannot be read.
 */
size_t ft_python_stack(struct ft_python_reads *r, const struct ft_python_interpreter *in,
	struct ft_python_thread *thread, uint64_t self, uint32_t frames, uint8_t *to, size_t room,
	uint16_t *flags);

#endif
