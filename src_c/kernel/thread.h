/* Threads of ours: how much stack they have is not for RLIMIT_STACK (glibc) or 128 KiB (musl) to say. */
#ifndef FT_THREAD_H
#define FT_THREAD_H

#include <pthread.h>
#include <stdbool.h>

/* As pthread_create(3). */
int ft_thread_start(pthread_t *out, bool detached, void *(*main)(void *), void *arg);

#endif
