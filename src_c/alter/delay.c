#define _GNU_SOURCE
#include "alter/delay.h"

#include "kernel/clock.h"
#include "session/waiting.h"

void ft_delay(struct ft_task *t, uint64_t ns)
{
	t->sleeps_until = ft_now() + ns;
}

/* While something is done for its process it sleeps on. */
static bool may_wake(struct ft_session *s, const struct ft_task *t)
{
	bool busy = t->sleeps_until && ft_waiting_is_busy(s, t);

	s->sleepers_missed |= busy;
	return t->sleeps_until && !busy;
}

uint64_t ft_delay_next(struct ft_session *s)
{
	struct ft_task *t = NULL;
	uint64_t next = 0;
	int bucket = 0;

	while ((t = ft_task_next(&s->tasks, t ? t->next : NULL, &bucket)))
		if (may_wake(s, t) && (!next || t->sleeps_until < next))
			next = t->sleeps_until;
	return next;
}

struct ft_task *ft_delay_wake(struct ft_session *s, uint64_t now, bool all)
{
	struct ft_task *t = NULL;
	int bucket = 0;

	while ((t = ft_task_next(&s->tasks, t ? t->next : NULL, &bucket)))
		if (may_wake(s, t) && (all || t->sleeps_until <= now)) {
			t->sleeps_until = 0;
			return t;
		}
	return NULL;
}
