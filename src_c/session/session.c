#define _GNU_SOURCE
#include "session/session.h"

#include <errno.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "kernel/clock.h"

void ft_session_started(struct ft_session *s, int result, enum ft_stage stage)
{
	pthread_mutex_lock(&s->lock);
	s->start_result = result;
	s->stage = stage;
	s->state = FT_RUNNING;
	s->command = NULL;
	pthread_cond_broadcast(&s->changed);
	pthread_mutex_unlock(&s->lock);
}

int ft_stop(struct ft_session *s, enum ft_stop_how how)
{
	if (how == FT_STOP_DETACH && s->filter)
		return -EINVAL; /* the filter stays, and RET_TRACE without a tracer means ENOSYS */
	pthread_mutex_lock(&s->lock);
	/* A kill may follow a detach that is under way, not the other way round. */
	if (!s->stop_asked || how == FT_STOP_KILL)
		s->stop_how = how;
	s->stop_asked = true;
	if (s->bell)
		ft_bell_ring(s->bell);
	pthread_cond_broadcast(&s->changed); /* who waits for an answer waits no more */
	pthread_mutex_unlock(&s->lock);
	return 0;
}

int ft_signal(struct ft_session *s, int sig)
{
	int rc = -ESRCH;

	pthread_mutex_lock(&s->lock);
	if (s->root_pidfd >= 0)
		rc = syscall(SYS_pidfd_send_signal, s->root_pidfd, sig, NULL, 0) < 0 ? -errno : 0;
	pthread_mutex_unlock(&s->lock);
	return rc;
}

void ft_session_fail(struct ft_session *s, int error)
{
	pthread_mutex_lock(&s->lock);
	if (!s->stats.error)
		s->stats.error = error;
	pthread_mutex_unlock(&s->lock);
	ft_stop(s, s->spawned ? FT_STOP_KILL : FT_STOP_DETACH);
}

int ft_wait(struct ft_session *s, int64_t timeout_ns)
{
	uint64_t end = ft_deadline(timeout_ns);
	int rc = 0;

	pthread_mutex_lock(&s->lock);
	while (s->state == FT_RUNNING && !rc)
		rc = ft_cond_wait_until(&s->changed, &s->lock, end);
	rc = s->state == FT_ENDED;
	pthread_mutex_unlock(&s->lock);
	return rc;
}
