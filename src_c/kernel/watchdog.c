#define _GNU_SOURCE
#include "kernel/watchdog.h"

#include <errno.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/prctl.h>

#include "kernel/clock.h"
#include "kernel/thread.h"

#define IDLE_TICKS 10

struct ft_watchdog {
	void (*late)(void *);
	void *arg;
	pthread_t thread;
	pthread_mutex_t lock;
	pthread_cond_t changed;
	bool ends; /* under the lock */
	unsigned depth; /* of who is watched */
	uint64_t steps; /* odd: something is under way; atomic, as is the next */
	bool asleep;
};

static uint64_t steps_of(struct ft_watchdog *w)
{
	return __atomic_load_n(&w->steps, __ATOMIC_SEQ_CST);
}

/* With the lock held. Whoever begins first writes `steps` and then reads `asleep`, here it is the other way round. */
static void sleep_until_begun(struct ft_watchdog *w, uint64_t seen)
{
	__atomic_store_n(&w->asleep, true, __ATOMIC_SEQ_CST);
	while (!w->ends && steps_of(w) == seen)
		pthread_cond_wait(&w->changed, &w->lock);
	__atomic_store_n(&w->asleep, false, __ATOMIC_SEQ_CST);
}

static void *watch(void *arg)
{
	struct ft_watchdog *w = arg;
	uint64_t seen = steps_of(w), now;
	unsigned idle = 0;

	prctl(PR_SET_NAME, "fasttrace-watch");
	pthread_mutex_lock(&w->lock);
	while (!w->ends) {
		uint64_t at = ft_now() + FT_WATCHDOG_TICK_NS;

		while (!w->ends && ft_cond_wait_until(&w->changed, &w->lock, at) == 0)
			continue;
		now = steps_of(w);
		if (w->ends)
			break;
		if (now == seen && now % 2) {
			pthread_mutex_unlock(&w->lock);
			w->late(w->arg);
			pthread_mutex_lock(&w->lock);
		} else if (now != seen) {
			idle = 0;
		} else if (++idle == IDLE_TICKS) {
			sleep_until_begun(w, now);
			idle = 0;
			now = steps_of(w);
		}
		seen = now;
	}
	pthread_mutex_unlock(&w->lock);
	return NULL;
}

int ft_watchdog_new(struct ft_watchdog **out, void (*late)(void *), void *arg)
{
	struct ft_watchdog *w = calloc(1, sizeof(*w));
	int rc;

	if (!w)
		return -ENOMEM;
	w->late = late;
	w->arg = arg;
	pthread_mutex_init(&w->lock, NULL);
	ft_cond_init(&w->changed);
	rc = ft_thread_start(&w->thread, false, watch, w);
	if (rc) {
		pthread_cond_destroy(&w->changed);
		pthread_mutex_destroy(&w->lock);
		free(w);
		return -rc;
	}
	*out = w;
	return 0;
}

static void step(struct ft_watchdog *w)
{
	__atomic_add_fetch(&w->steps, 1, __ATOMIC_SEQ_CST);
}

void ft_watchdog_begin(struct ft_watchdog *w)
{
	if (w->depth++)
		return;
	step(w);
	if (!__atomic_load_n(&w->asleep, __ATOMIC_SEQ_CST))
		return;
	pthread_mutex_lock(&w->lock);
	pthread_cond_signal(&w->changed);
	pthread_mutex_unlock(&w->lock);
}

void ft_watchdog_end(struct ft_watchdog *w)
{
	if (!--w->depth)
		step(w);
}

void ft_watchdog_free(struct ft_watchdog *w)
{
	if (!w)
		return;
	pthread_mutex_lock(&w->lock);
	w->ends = true;
	pthread_cond_signal(&w->changed);
	pthread_mutex_unlock(&w->lock);
	pthread_join(w->thread, NULL);
	pthread_cond_destroy(&w->changed);
	pthread_mutex_destroy(&w->lock);
	free(w);
}
