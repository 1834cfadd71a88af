/* The child between clone and execve. */
#ifndef FT_SPAWN_H
#define FT_SPAWN_H

#include <signal.h>

#include "fasttrace.h"

/* Shared with the child: what it waits for and what it reports. */
struct ft_gate {
	uint32_t open; /* futex: the tracer is ready */
	uint32_t stage; /* enum ft_stage: where it failed */
	int32_t error;
	uint64_t exec_ns; /* CLOCK_MONOTONIC, just before execve */
};

/*
 * Starts the child, which waits at the gate, then becomes the command. filter: struct
 * sock_filter[], installed just before execve. The calling thread must have all signals blocked.
 */
int ft_spawn_child(const struct ft_command *c, const sigset_t *mask, const void *filter,
	uint16_t filter_len, struct ft_gate **gate, pid_t *pid);
void ft_spawn_open_gate(struct ft_gate *gate);
void ft_spawn_free_gate(struct ft_gate *gate);

#endif
