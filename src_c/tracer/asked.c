#define _GNU_SOURCE
#include "tracer/asked.h"

#include <signal.h>

#include "alter/delay.h"
#include "kernel/clock.h"
#include "session/engine.h"
#include "session/interrupt.h"
#include "tracer/registers.h"
#include "tracer/resume.h"

int ft_asked_hang_bell(struct ft_session *s)
{
	int rc;

	pthread_mutex_lock(&s->lock);
	rc = ft_bell_hang(ft_scheduling_home(&s->scheduling), &s->bell);
	if (rc >= 0 && s->plan)
		ft_bell_ring_at(s->bell, ft_delay_next(s));
	if (rc >= 0 && ft_registers_unseen(s))
		ft_bell_ring(s->bell);
	if (rc >= 0 && s->stop_asked && !s->killing &&
		!(s->detaching && s->stop_how == FT_STOP_DETACH))
		ft_bell_ring(s->bell);
	pthread_mutex_unlock(&s->lock);
	return rc;
}

/* Does what ft_stop() asked for, and hangs the bell again for the next. */
static void on_ring(struct ft_session *s)
{
	struct ft_task *t = NULL;
	int bucket = 0, rc;
	bool asked;

	pthread_mutex_lock(&s->lock);
	ft_bell_free(s->bell, 1);
	s->bell = NULL;
	asked = s->stop_asked;
	if (asked && s->stop_how == FT_STOP_KILL)
		s->killing = true;
	else if (asked)
		s->detaching = true;
	pthread_mutex_unlock(&s->lock);
	while (asked && (t = ft_task_next(&s->tasks, t ? t->next : NULL, &bucket))) {
		if (s->killing)
			kill(t->tgid, SIGKILL);
		else
			ft_interrupt(t);
	}
	ft_registers_asked(s);
	while ((t = ft_delay_wake(s, ft_now(), asked)))
		ft_resume_call(s, t);
	rc = ft_asked_hang_bell(s); /* without one a stop is heard at the next stop of a task */
	if (rc < 0 && ft_delay_next(s)) {
		ft_session_fail(s, rc);
		while ((t = ft_delay_wake(s, 0, true)))
			ft_resume_call(s, t);
	}
}

void ft_asked_serve(struct ft_session *s, const struct ft_stop *stop)
{
	if (stop->kind == FT_STOPPED_EXITED)
		on_ring(s);
	else
		ft_bell_stopped(s->bell);
}
