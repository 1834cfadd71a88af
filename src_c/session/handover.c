#define _GNU_SOURCE
#include "session/handover.h"

#include <errno.h>
#include <string.h>

#include "kernel/clock.h"
#include "session/session.h"

bool ft_hand_over(struct ft_session *s, const struct ft_handed *call, struct ft_answer *answer)
{
	struct ft_handover *h = &s->handover;
	bool answered;

	pthread_mutex_lock(&s->lock);
	if (!s->stop_asked) {
		h->call = *call;
		h->set = 0;
		h->state = FT_HANDOVER_OFFERED;
		pthread_cond_broadcast(&s->changed);
	}
	while (!s->stop_asked && h->state != FT_HANDOVER_ANSWERED)
		pthread_cond_wait(&s->changed, &s->lock);
	answered = h->state == FT_HANDOVER_ANSWERED;
	if (answered)
		*answer = h->answer;
	for (int i = 0; answered && i < ft_register_count; i++)
		if (h->set & ~answer->set & 1ull << i)
			answer->registers.value[i] = h->call.registers.value[i];
	if (answered)
		answer->set |= h->set;
	h->state = FT_HANDOVER_NONE;
	pthread_mutex_unlock(&s->lock);
	if (answered && answer->what & (FT_ANSWER_DETACH | FT_ANSWER_KILL))
		ft_stop(s, answer->what & FT_ANSWER_KILL ? FT_STOP_KILL : FT_STOP_DETACH);
	pthread_mutex_lock(&s->lock);
	/* Before the task goes on; the others are told when the bell is heard, which may have no processor yet. */
	if (s->stop_asked && s->stop_how == FT_STOP_KILL)
		s->killing = true;
	else if (s->stop_asked)
		s->detaching = true;
	pthread_mutex_unlock(&s->lock);
	return answered;
}

int ft_take_call(struct ft_session *s, int64_t timeout_ns, struct ft_handed *out)
{
	uint64_t end = ft_deadline(timeout_ns);
	struct ft_handover *h = &s->handover;
	int rc = 0;

	pthread_mutex_lock(&s->lock);
	while (h->state != FT_HANDOVER_OFFERED && s->state != FT_ENDED && !rc)
		rc = ft_cond_wait_until(&s->changed, &s->lock, end);
	if (h->state == FT_HANDOVER_OFFERED) {
		h->state = FT_HANDOVER_TAKEN;
		h->taker = pthread_self();
		*out = h->call;
		rc = 1;
	} else {
		rc = s->state == FT_ENDED ? -ENODATA : 0;
	}
	pthread_mutex_unlock(&s->lock);
	return rc;
}

int ft_answer(struct ft_session *s, pid_t tid, const struct ft_answer *answer)
{
	struct ft_handover *h = &s->handover;
	int rc = -ESRCH;

	if (answer->what & FT_ANSWER_DETACH && s->filter)
		return -EINVAL;
	pthread_mutex_lock(&s->lock);
	if (h->state == FT_HANDOVER_TAKEN && h->call.tid == tid && !s->stop_asked) {
		h->answer = *answer;
		h->state = FT_HANDOVER_ANSWERED;
		pthread_cond_broadcast(&s->changed);
		rc = 0;
	}
	pthread_mutex_unlock(&s->lock);
	return rc;
}
