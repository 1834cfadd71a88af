#define _GNU_SOURCE
#include "tracer/registers.h"

#include <errno.h>

#include "arch/arch.h"
#include "kernel/clock.h"
#include "session/engine.h"
#include "session/interrupt.h"

struct ft_request {
	struct ft_request *next;
	pid_t tid;
	uint64_t set;
	struct ft_registers registers;
	int result; /* -EINPROGRESS: not served yet */
	bool seen; /* by the tracer thread */
};

static void finish(struct ft_session *s, struct ft_request **link, int result)
{
	(*link)->result = result;
	*link = (*link)->next;
	pthread_cond_broadcast(&s->changed);
}

static void put(struct ft_registers *to, uint64_t set, const struct ft_registers *from)
{
	for (int i = 0; i < ft_register_count; i++)
		if (set & 1ull << i)
			to->value[i] = from->value[i];
}

static int transfer(struct ft_session *s, struct ft_task *t, struct ft_request *r)
{
	struct ft_registers now, before;
	int rc = ft_arch_get_registers(t->tid, &now);

	if (rc < 0)
		return rc;
	if (s->engine->show_registers)
		s->engine->show_registers(s, t, &now);
	if (!r->set) {
		r->registers = now;
		return 0;
	}
	before = now;
	put(&now, r->set, &r->registers);
	if ((t->in_call == FT_CALL_NONE || t->suspended) && !ft_arch_is_same_place(&now, &before)) {
		ft_arch_forget_call(&now); /* or the kernel would make it again, from there */
		t->remakes = false;
	}
	if (s->engine->hide_registers)
		s->engine->hide_registers(s, t, &now);
	return ft_arch_set_registers(t->tid, &now);
}

/* result: of all who want this task's; 1: as it comes. */
static void settle(struct ft_session *s, struct ft_task *t, int result)
{
	if (!t->asked)
		return;
	pthread_mutex_lock(&s->lock);
	t->asked = false;
	for (struct ft_request **r = &s->requests; *r;)
		if ((*r)->tid == t->tid)
			finish(s, r, result > 0 ? transfer(s, t, *r) : result);
		else
			r = &(*r)->next;
	pthread_mutex_unlock(&s->lock);
}

void ft_registers_serve(struct ft_session *s, struct ft_task *t)
{
	settle(s, t, 1);
}

void ft_registers_forget(struct ft_session *s, struct ft_task *t)
{
	settle(s, t, -ESRCH);
}

void ft_registers_end(struct ft_session *s)
{
	while (s->requests)
		finish(s, &s->requests, -ESRCH);
}

bool ft_registers_unseen(const struct ft_session *s)
{
	for (const struct ft_request *r = s->requests; r; r = r->next)
		if (!r->seen)
			return true;
	return false;
}

void ft_registers_asked(struct ft_session *s)
{
	struct ft_task *t = NULL;
	int bucket = 0;

	pthread_mutex_lock(&s->lock);
	for (struct ft_request **r = &s->requests; *r;) {
		t = ft_task_find(&s->tasks, (*r)->tid);
		(*r)->seen = true;
		if (t)
			t->asked = true;
		if (!t)
			finish(s, r, -ESRCH);
		else
			r = &(*r)->next;
	}
	pthread_mutex_unlock(&s->lock);
	t = NULL;
	while ((t = ft_task_next(&s->tasks, t ? t->next : NULL, &bucket))) {
		if (t->asked && t->sleeps_until)
			ft_registers_serve(s, t);
		else if (t->asked)
			ft_interrupt(t);
	}
}

/* Of the call that waits for a handler: its registers are here, and are put back with the answer. */
static bool is_handed(struct ft_session *s, struct ft_request *r)
{
	struct ft_handover *h = &s->handover;

	if (h->call.tid != r->tid ||
		(h->state != FT_HANDOVER_OFFERED && h->state != FT_HANDOVER_TAKEN))
		return false;
	if (r->set) {
		put(&h->call.registers, r->set, &r->registers);
		h->set |= r->set;
	} else {
		r->registers = h->call.registers;
	}
	return true;
}

static int request(struct ft_session *s, struct ft_request *r, int64_t timeout_ns)
{
	uint64_t end = ft_deadline(timeout_ns);
	int rc = 0;

	pthread_mutex_lock(&s->lock);
	if (s->state != FT_RUNNING) {
		r->result = -ESRCH;
	} else if (is_handed(s, r)) {
		r->result = 0;
	} else if (s->handover.state == FT_HANDOVER_TAKEN &&
		   pthread_equal(s->handover.taker, pthread_self())) {
		r->result = -EDEADLK;
	} else {
		r->result = -EINPROGRESS;
		r->next = s->requests;
		s->requests = r;
		if (s->bell)
			ft_bell_ring(s->bell);
	}
	while (r->result == -EINPROGRESS && !rc)
		rc = ft_cond_wait_until(&s->changed, &s->lock, end);
	if (r->result == -EINPROGRESS) {
		struct ft_request **link = &s->requests;

		while (*link != r)
			link = &(*link)->next;
		finish(s, link, -EAGAIN);
	}
	pthread_mutex_unlock(&s->lock);
	return r->result;
}

int ft_get_registers(struct ft_session *s, pid_t tid, int64_t timeout_ns, struct ft_registers *out)
{
	struct ft_request r = { .tid = tid };
	int rc = request(s, &r, timeout_ns);

	if (!rc)
		*out = r.registers;
	return rc;
}

int ft_set_registers(struct ft_session *s, pid_t tid, int64_t timeout_ns, uint64_t set,
	const struct ft_registers *registers)
{
	struct ft_request r = { .tid = tid, .set = set, .registers = *registers };

	return set ? request(s, &r, timeout_ns) : 0;
}
