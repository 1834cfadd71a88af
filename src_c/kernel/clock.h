/* The session's clock: CLOCK_MONOTONIC in nanoseconds. */
#ifndef FT_CLOCK_H
#define FT_CLOCK_H

#include <pthread.h>
#include <stdint.h>
#include <time.h>

#define FT_SECOND 1000000000u

static inline uint64_t ft_now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * FT_SECOND + (uint64_t)t.tv_nsec;
}

static inline struct timespec ft_timespec(uint64_t ns)
{
	return (struct timespec){ .tv_sec = (time_t)(ns / FT_SECOND),
		.tv_nsec = (long)(ns % FT_SECOND) };
}

/* When a wait that begins now ends; less than 0: never. */
static inline uint64_t ft_deadline(int64_t timeout_ns)
{
	return timeout_ns < 0 ? UINT64_MAX / 2 : ft_now() + (uint64_t)timeout_ns;
}

/* A condition whose waits end by this clock. */
static inline void ft_cond_init(pthread_cond_t *cond)
{
	pthread_condattr_t attr;

	pthread_condattr_init(&attr);
	pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
	pthread_cond_init(cond, &attr);
	pthread_condattr_destroy(&attr);
}

static inline int ft_cond_wait_until(pthread_cond_t *cond, pthread_mutex_t *lock, uint64_t ns)
{
	const struct timespec until = ft_timespec(ns);

	return pthread_cond_timedwait(cond, lock, &until);
}

#endif
