#define _GNU_SOURCE
#include "session/waiting.h"

#include <errno.h>
#include <sys/ptrace.h>
#include <unistd.h>

#include "kernel/clock.h"
#include "kernel/proc.h"
#include "kernel/reader.h"
#include "kernel/watchdog.h"
#include "session/engine.h"
#include "session/record.h"

#define DEPTH_MAX      16 /* of frames; deeper down the others wait */
#define CPU_MAX_NS     50000000ull /* of what takes microseconds */
#define ASLEEP_MAX_NS  3000000000ull
#define BLOCKED_MAX_NS 10000000000ull /* a machine that swaps takes its time */
#define STARVED_MAX_NS 60000000000ull

static void ring(struct ft_session *s)
{
	pthread_mutex_lock(&s->lock);
	if (s->bell)
		ft_bell_ring(s->bell);
	pthread_mutex_unlock(&s->lock);
}

void ft_waiting_enter(struct ft_session *s, struct ft_frame *frame, const struct ft_task *t)
{
	*frame = (struct ft_frame){ .outer = s->frames, .tgid = t->tgid };
	if (s->engine->memory_of)
		frame->memory = s->engine->memory_of(t);
	s->frames = frame;
	s->depth++;
}

void ft_waiting_leave(struct ft_session *s)
{
	s->frames = s->frames->outer;
	s->depth--;
	if (s->frames || !s->sleepers_missed)
		return;
	s->sleepers_missed = false;
	ring(s);
}

bool ft_waiting_is_busy(struct ft_session *s, const struct ft_task *t)
{
	const void *memory = NULL;

	if (s->frames && s->engine->memory_of)
		memory = s->engine->memory_of(t);
	for (const struct ft_frame *f = s->frames; f; f = f->outer)
		if (f->tgid == t->tgid || (memory && f->memory == memory))
			return true;
	return false;
}

void ft_waiting_late(void *session)
{
	struct ft_session *s = session;
	pid_t holds_up = ft_reader_late(s->reader, s->tracer_tid);

	if (holds_up && holds_up != getpid() && s->spawned)
		kill(holds_up, SIGKILL); /* which ends its userfaultfd, too */
	ring(s);
}

/* A task that is waited for, and what it has done since. */
struct ft_waiting {
	struct ft_waiting *outer;
	struct ft_session *s;
	pid_t tid;
	uint64_t start, next_look, ran_ns;
	bool looked, stuck;
};

static bool is_stuck(struct ft_waiting *p, uint64_t now)
{
	uint64_t waited = now - p->start, ran;

	if (!ft_proc_ran(p->tid, &ran))
		return waited > ASLEEP_MAX_NS;
	if (!p->looked)
		p->ran_ns = ran;
	p->looked = true;
	if (ran - p->ran_ns > CPU_MAX_NS)
		return true;
	switch (ft_proc_state(p->tid)) {
	case 'R':
		return waited > STARVED_MAX_NS;
	case 'D':
		return waited > BLOCKED_MAX_NS;
	default:
		return waited > ASLEEP_MAX_NS;
	}
}

static bool is_of(const struct ft_stop *stop, void *arg)
{
	return stop->tid == ((struct ft_waiting *)arg)->tid;
}

/* Also at those that are waited for further out: they would take the processor from all others until it is their turn. */
static void look_at_all(struct ft_session *s)
{
	uint64_t now = ft_now();

	for (struct ft_waiting *w = s->waiting; w; w = w->outer) {
		struct ft_task *t = ft_task_find(&s->tasks, w->tid);

		if (w->stuck || now < w->next_look)
			continue;
		/* While we could not run, as where Ctrl-Z or a freezer holds us and what we trace, it does not count. */
		if (now - w->next_look > FT_WATCHDOG_TICK_NS)
			w->start += now - w->next_look;
		w->next_look = now + FT_WATCHDOG_TICK_NS;
		/* One that has come back stands still until those further in are done with. */
		w->stuck = !ft_stops_hold(&s->stops, is_of, w) && is_stuck(w, now);
		if (!w->stuck || !t)
			continue;
		ft_record_engine(s, t, FT_ENGINE_PTRACE, FT_FALLBACK_STUCK);
		if (s->spawned)
			kill(t->tgid, SIGKILL);
	}
}

static bool is_served(const struct ft_stop *stop, void *arg)
{
	struct ft_session *s = ((struct ft_waiting *)arg)->s;
	const struct ft_task *t = ft_task_find(&s->tasks, stop->tid);

	if (ft_session_is_bell(s, stop))
		return true;
	return t && s->depth < DEPTH_MAX && !ft_waiting_is_busy(s, t);
}

/* Tasks that are about to exit may be what ours waits for: an exec waits for all other threads. */
static bool is_exiting(const struct ft_stop *stop, void *arg)
{
	(void)arg;
	return stop->kind == FT_STOPPED_EXITING;
}

static void let_exit(struct ft_session *s, const struct ft_stop *stop)
{
	struct ft_task *other = ft_task_find(&s->tasks, stop->tid);

	s->stops_seen++;
	if (other && s->engine->exiting)
		s->engine->exiting(s, other);
	ptrace(PTRACE_CONT, stop->tid, 0, 0);
}

static int wait_for(struct ft_session *s, struct ft_waiting *w, struct ft_stop *stop)
{
	for (;;) {
		int rc;

		if (ft_stops_take_if(&s->stops, is_of, w, stop))
			return 0;
		look_at_all(s);
		if (w->stuck)
			return -ETIMEDOUT;
		if (ft_stops_take_if(&s->stops, is_served, w, stop)) {
			s->deal_with(s, stop);
			continue;
		}
		if (ft_stops_take_if(&s->stops, is_exiting, w, stop)) {
			let_exit(s, stop);
			continue;
		}
		rc = ft_wait_stops(&s->stops, 0, 0);
		if (rc < 0)
			return rc;
	}
}

int ft_waiting_for(struct ft_session *s, pid_t tid, struct ft_stop *stop)
{
	uint64_t now = ft_now();
	struct ft_waiting w = { .outer = s->waiting,
		.s = s,
		.tid = tid,
		.start = now,
		.next_look = now + FT_WATCHDOG_TICK_NS };
	int rc;

	s->waiting = &w;
	ft_watchdog_begin(s->watchdog);
	rc = wait_for(s, &w, stop);
	ft_watchdog_end(s->watchdog);
	s->waiting = w.outer;
	return rc;
}
