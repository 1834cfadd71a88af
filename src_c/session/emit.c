#include "session/emit.h"

#include <errno.h>

static int tally_calls(
	struct ft_session *s, const struct ft_task *t, const struct ft_event *calls, size_t n)
{
	bool by_process = s->options & FT_OPT_BY_PROCESS;
	int rc = 0;

	for (size_t i = 0; i < n && s->tally; i++)
		rc |= ft_tally_add(
			s->tally, by_process ? t->tgid : 0, by_process ? t->serial : 0, &calls[i]);
	return rc;
}

/* With ft_session.lock held. */
static void count_calls(struct ft_session *s, const struct ft_task *t, size_t n)
{
	s->stats.events += n;
	s->stats.calls += n;
	ft_process_at(&s->processes, t->serial)->calls += n;
}

void ft_emit(struct ft_session *s, const struct ft_task *t, struct ft_event *ev,
	const void *payload, size_t payload_len)
{
	int rc = 0;

	pthread_mutex_lock(&s->lock);
	if (ev->kind == FT_KIND_SYSCALL) {
		count_calls(s, t, 1);
		rc = tally_calls(s, t, ev, 1);
	} else {
		s->stats.events++;
	}
	pthread_mutex_unlock(&s->lock);
	if (rc < 0)
		ft_session_fail(s, rc);
	if (!s->ring)
		return;
	rc = ft_ring_write(s->ring, ev, payload, payload_len, true);
	if (rc < 0) {
		pthread_mutex_lock(&s->lock);
		s->stats.lost += rc != -EPIPE; /* the ring counts what an absent consumer missed */
		pthread_mutex_unlock(&s->lock);
		if (rc != -EPIPE)
			ft_session_fail(s, rc);
	}
}

void ft_emit_calls(struct ft_session *s, struct ft_task *t, struct ft_event *calls, size_t n,
	const void *payload, size_t payload_len)
{
	int rc;

	if (!n)
		return;
	t->ended_ns = calls[n - 1].time_ns + calls[n - 1].duration_ns;
	pthread_mutex_lock(&s->lock);
	count_calls(s, t, n);
	rc = tally_calls(s, t, calls, n);
	pthread_mutex_unlock(&s->lock);
	if (rc < 0)
		ft_session_fail(s, -ENOMEM);
	if (!s->ring)
		return;
	rc = ft_ring_write_all(s->ring, calls, n, payload, payload_len, !s->flushing);
	if (rc < 0 && rc != -EPIPE)
		ft_session_fail(s, rc);
}

void ft_emit_counted(struct ft_session *s, const struct ft_task *t, enum ft_abi abi,
	const struct ft_tally_call *calls, size_t n)
{
	bool by_process = s->options & FT_OPT_BY_PROCESS;
	int rc = 0;

	pthread_mutex_lock(&s->lock);
	count_calls(s, t, n);
	if (s->tally)
		rc = ft_tally_add_calls(s->tally, by_process ? t->tgid : 0,
			by_process ? t->serial : 0, (uint8_t)abi, calls, n);
	pthread_mutex_unlock(&s->lock);
	if (rc < 0)
		ft_session_fail(s, rc);
}
