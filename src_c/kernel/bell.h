/* A bell for a thread that sleeps in wait4: ringing it ends a child process that only waits for
 * that. */
#ifndef FT_BELL_H
#define FT_BELL_H

#include <sched.h>
#include <stdint.h>
#include <sys/types.h>

struct ft_bell;

/*
 * To be called by the thread that shall be woken; wait4 then returns ft_bell_pid() once it has been rung. The
 * thread also traces it. home: the processors that it may run on, to outlive it; NULL: the caller's.
 */
int ft_bell_hang(const cpu_set_t *home, struct ft_bell **out);
pid_t ft_bell_pid(const struct ft_bell *b);
/* wait4 says that it has stopped: somebody has sent it a signal. By the thread that hung it. */
void ft_bell_stopped(const struct ft_bell *b);
/* From any thread, any number of times. */
void ft_bell_ring(struct ft_bell *b);
/* By the thread that hung it: it rings by itself at this time (CLOCK_MONOTONIC, ns; 0: it does not). */
void ft_bell_ring_at(struct ft_bell *b, uint64_t time_ns);
/* By the thread that hung it, after wait4 has returned its pid (reaped) or before (not reaped). */
void ft_bell_free(struct ft_bell *b, int reaped);

#endif
