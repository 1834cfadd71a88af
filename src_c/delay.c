#define _GNU_SOURCE
#include "delay.h"

#include "clock.h"

void ft_delay(struct ft_task *t, uint64_t ns)
{
	t->sleeps_until = ft_now() + ns;
}

uint64_t ft_delay_next(const struct ft_session *s)
{
	struct ft_task *t = NULL;
	uint64_t next = 0;
	int bucket = 0;

	while ((t = ft_task_next(&s->tasks, t ? t->next : NULL, &bucket)))
		if (t->sleeps_until && (!next || t->sleeps_until < next))
			next = t->sleeps_until;
	return next;
}

struct ft_task *ft_delay_wake(struct ft_session *s, uint64_t now, bool all)
{
	struct ft_task *t = NULL;
	int bucket = 0;

	while ((t = ft_task_next(&s->tasks, t ? t->next : NULL, &bucket)))
		if (t->sleeps_until && (all || t->sleeps_until <= now)) {
			t->sleeps_until = 0;
			return t;
		}
	return NULL;
}
