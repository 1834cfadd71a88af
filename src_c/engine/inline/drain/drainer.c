#if defined(__x86_64__)
#define _GNU_SOURCE
#include "engine/inline/drain/drainer.h"

#include <sys/prctl.h>

#include "engine/inline/drain/drain.h"
#include "kernel/clock.h"

#define HOT_NS	 1000000   /* a task that does nothing but calls fills its blocks in 2 ms, */
#define BRIEF_NS 2000000  /* or, with brief records, in 6 ms */
#define LIVE_NS	 50000000  /* for readers who want to see what happens */
#define COOL_NS	 200000000 /* without a full block */

/* Whether some task has filled at least a block since. */
static bool drain_all(struct ft_session *s)
{
	bool full = false;

	for (struct ft_inline_task *it = s->in->tasks; it; it = it->next) {
		uint32_t block = it->drained / FT_BLOCK;

		ft_drain_running(s, it);
		full |= it->drained / FT_BLOCK != block;
	}
	return full;
}

/*
 * Stops cost far more than what is done at them: a task that waits at its full area, for a thread that
 * another processor has to be woken for. So this thread keeps some blocks free while there is a flood,
 * and without one sleeps, or looks now and then if somebody reads along.
 */
static void *drainer(void *session)
{
	struct ft_session *s = session;
	struct ft_inline *in = s->in;
	uint64_t cool = 0;

	prctl(PR_SET_NAME, "fasttrace-drain");
	pthread_mutex_lock(&in->lock);
	while (!in->ends) {
		const uint64_t hot_ns = in->brief ? BRIEF_NS : HOT_NS;
		uint64_t now = ft_now(), until = now + (in->hot ? hot_ns : LIVE_NS);

		if (in->hot || s->ring)
			ft_cond_wait_until(&in->wake, &in->lock, until);
		else
			pthread_cond_wait(&in->wake, &in->lock);
		now = ft_now();
		if (drain_all(s) || (in->hot && !cool))
			cool = now + COOL_NS;
		in->hot = now < cool;
	}
	pthread_mutex_unlock(&in->lock);
	return NULL;
}

void ft_drainer_start(struct ft_session *s, bool hot)
{
	struct ft_inline *in = s->in;

	if (!in->drains && (hot || s->ring))
		in->drains = !ft_scheduling_thread(&s->scheduling, &in->drainer, false, drainer, s);
	if (in->hot || !hot)
		return;
	in->hot = true;
	pthread_cond_signal(&in->wake);
}

void ft_drainer_end(struct ft_session *s)
{
	struct ft_inline *in = s->in;

	if (!in->drains)
		return;
	pthread_mutex_lock(&in->lock);
	in->ends = true;
	pthread_cond_signal(&in->wake);
	pthread_mutex_unlock(&in->lock);
	pthread_join(in->drainer, NULL);
	in->drains = false;
}
#endif
