/* The tracer thread: waits, follows births, execs and deaths, and ends the session. */
#define _GNU_SOURCE
#include <errno.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <linux/ptrace.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#include "kernel/clock.h"
#include "session/engine.h"
#include "session/interrupt.h"
#include "session/record.h"
#include "kernel/reader.h"
#include "tracer/registers.h"
#include "tracer/resume.h"
#include "kernel/proc.h"
#include "session/adopt.h"
#include "session/waiting.h"
#include "tracer/asked.h"
#include "tracer/lives.h"
#include "tracer/seize.h"
#include "tracer/start.h"
#include "tracer/tracer.h"
#include "kernel/watchdog.h"

#define LET_GO_MAX_NS 5000000000ull

/* It would have ended now without us too: a signal has come. */
static void end_suspended(struct ft_session *s, struct ft_task *t, uint64_t now)
{
	if (t->suspended)
		ft_record_return(s, t, t->call.ret, true, now);
	t->suspended = t->remakes = false;
}

static void on_signal(struct ft_session *s, struct ft_task *t, const struct ft_stop *stop)
{
	/* Whence it came is asked where somebody reads it, or an engine lives by it. */
	bool asks = s->ring || stop->sig == SIGSYS || stop->sig == SIGTRAP, ignored;
	siginfo_t info = { .si_signo = stop->sig };

	if (s->engine->signal && s->engine->signal(s, t, stop)) {
		if (t->let_go)
			ft_lives_let_go(s, t, stop);
		return;
	}
	if (asks && ptrace(PTRACE_GETSIGINFO, t->tid, 0, &info) < 0)
		return;
	ignored = s->engine->ignored && s->engine->ignored(t, &info);
	if (s->engine->shown)
		s->engine->shown(s, t, ignored ? 0 : stop->sig);
	end_suspended(s, t, stop->time_ns);
	if (!s->gate)
		ft_record_signal(s, t, &info, stop->time_ns);
	ft_resume(s, t, ignored ? 0 : stop->sig);
}

static void on_first_or_shown(struct ft_session *s, struct ft_task *t)
{
	if (t->born) {
		if (s->engine->shown)
			s->engine->shown(s, t, 0);
		return;
	}
	if (!t->attached && s->engine->born)
		s->engine->born(s, t);
	t->born = !t->attached || !s->engine->attached || s->engine->attached(s, t);
}

/*
 * In its group-stop. One that was made to run something there is at another stop by now, and comes back to it, for the
 * interrupt is told as that; or it has been killed, and is at its end.
 */
static void stay_stopped(struct ft_session *s, struct ft_task *t)
{
	int event;

	if (!ptrace(PTRACE_LISTEN, t->tid, 0, 0) || errno != EIO)
		return;
	event = ft_stop_event(t->tid);
	if (event < 0 || event == PTRACE_EVENT_EXIT)
		return;
	ptrace(PTRACE_INTERRUPT, t->tid, 0, 0);
	s->engine->resume(s, t, 0);
}

static void act_on(struct ft_session *s, struct ft_task *t, const struct ft_stop *stop)
{
	if (t)
		t->sleeps_until = 0; /* it was killed, or taken over by an exec */
	if (t && stop->kind != FT_STOPPED_GROUP)
		t->stopped = false;
	switch (stop->kind) {
	case FT_STOPPED_EXITED:
		if (t) /* else its parent will not tell of it, or tells in vain: see ft_adopt() */
			ft_lives_exited(s, t, stop);
		else
			s->strangers = true;
		return;
	case FT_STOPPED_EXEC:
		t = ft_lives_exec(s, t, stop);
		break;
	default:
		if (t && ft_task_replaced(t))
			return; /* who stopped there has gone */
		break;
	}
	if (!t) {
		s->strangers = true;
		/* Not to be followed, or killed meanwhile: then wait4 will say so. */
		ptrace(PTRACE_DETACH, stop->tid, 0,
			(void *)(long)(stop->kind == FT_STOPPED_SIGNAL ? stop->sig : 0));
		return;
	}
	switch (stop->kind) {
	case FT_STOPPED_SYSCALL:
	case FT_STOPPED_SECCOMP:
		if (s->engine->call_stop(s, t, stop))
			ft_resume_call(s, t);
		return;
	case FT_STOPPED_SIGNAL:
		on_signal(s, t, stop);
		return;
	case FT_STOPPED_GROUP:
		/* A stopped process that was attached to must stay so: it is prepared at the stop that tells of SIGCONT. */
		if (t->born || !t->attached)
			on_first_or_shown(s, t);
		t->interrupting = false; /* one report for both; an EINTR here is the signal's */
		end_suspended(s, t, stop->time_ns);
		/* It is reported again for each interrupt of ours. */
		if (!t->stopped && !s->gate)
			ft_record_stop(s, t, stop->sig, stop->time_ns);
		t->stopped = true;
		ft_registers_serve(s, t);
		if (s->detaching || s->killing)
			ft_resume(s, t, 0);
		else
			stay_stopped(s, t);
		return;
	case FT_STOPPED_TRAP:
		ft_interrupt_settle(t); /* before the engine makes it run anything */
		on_first_or_shown(s, t);
		break;
	case FT_STOPPED_EXITING:
		ft_lives_ending(s, t);
		if (s->engine->exiting)
			s->engine->exiting(s, t);
		if (ft_lives_exiting(s, t, stop))
			return;
		break;
	case FT_STOPPED_BIRTH:
		ft_lives_birth(s, t, stop);
		break;
	default:
		break;
	}
	ft_resume(s, t, 0);
	if (stop->kind != FT_STOPPED_EXEC)
		return;
	t = ft_task_find(&s->tasks, stop->tid);
	if (t)
		t->at_exec = false;
	if (s->engine->idle)
		s->engine->idle(s);
}

static void on_stop(struct ft_session *s, const struct ft_stop *stop)
{
	struct ft_task *t = ft_task_find(&s->tasks, stop->tid);
	const struct ft_task unknown = { .tid = stop->tid, .tgid = stop->tid };
	struct ft_frame frame;

	s->stops_seen++;
	if (!t && stop->kind != FT_STOPPED_EXITED && stop->kind != FT_STOPPED_EXEC &&
		s->engine->untold)
		t = s->engine->untold(s, stop);
	if (!t && stop->kind != FT_STOPPED_EXITED && stop->kind != FT_STOPPED_EXEC) {
		if (s->engine->defer && s->engine->defer(s, stop))
			return;
		t = ft_adopt(s, stop->tid, 0, FT_FORK_FORK, stop->time_ns);
	}
	if (t && !s->spawned && stop->kind != FT_STOPPED_EXITED)
		ft_seize_complete(s, t);
	ft_waiting_enter(s, &frame, t ? t : &unknown);
	if (t && t->abandoned && s->engine->take_back && s->engine->take_back(t, stop))
		ft_resume(s, t, 0);
	else
		act_on(s, t, stop);
	ft_waiting_leave(s);
}

static void deal_with(struct ft_session *s, const struct ft_stop *stop)
{
	if (ft_session_is_bell(s, stop))
		ft_asked_serve(s, stop);
	else
		on_stop(s, stop);
}

/* One that a vanished parent can no longer tell of. */
static bool take_early(struct ft_session *s, struct ft_stop *stop)
{
	return s->engine->early && s->engine->early(s, -1, stop);
}

/*
 * Tasks that are to be let go and do not stop, as one that waits for its vfork child: the kernel lets them go when
 * this thread ends, or kills them, if they were spawned (PTRACE_O_EXITKILL). Not those that record themselves, which would run into what is patched.
 */
static bool can_leave_behind(const struct ft_session *s)
{
	struct ft_task *t = NULL;
	int bucket = 0;

	while ((t = ft_task_next(&s->tasks, t ? t->next : NULL, &bucket)))
		if (t->in || t->abandoned)
			return false;
	return !s->spawned;
}

/*
 * A thread that was let go before its leader, or was never ours (CLONE_UNTRACED), may have put an end to that by an
 * exec: nothing tells of it (kernel/exec.c, de_thread()).
 */
static void drop_lost(struct ft_session *s)
{
	struct ft_task *t = NULL;
	int bucket = 0;

	while ((t = ft_task_next(&s->tasks, t ? t->next : NULL, &bucket)))
		if (t->tid == t->tgid && ft_seize_is_lost(s, t->tid)) {
			ft_lives_drop(s, t);
			t = NULL;
			bucket = 0;
		}
}

/*
 * Whether such a leader may be all that is still waited for. Where nothing else comes that is looked into, less and
 * less often. Of a command the end is told in any case, for it is our child.
 */
static bool may_wait_for_lost(const struct ft_session *s)
{
	return s->detaching || s->root_ended || !s->spawned;
}

#define LULL_TICKS 16

/* 0: there are stops, or the bell; -ETIMEDOUT: the rest is left behind. */
static int wait_stops(struct ft_session *s, uint64_t last)
{
	bool lost = may_wait_for_lost(s);
	int rc;

	if (!lost && !s->scheduling.idle)
		return ft_wait_stops(&s->stops, s->scheduling.poll_ns, s->tasks.count > 1);
	if (s->detaching && ft_now() - last > LET_GO_MAX_NS && can_leave_behind(s))
		return -ETIMEDOUT;
	s->rests = !lost;
	s->lull = lost && !s->detaching;
	ft_watchdog_begin(s->watchdog);
	rc = ft_wait_stops(&s->stops, s->scheduling.poll_ns, s->tasks.count > 1);
	ft_watchdog_end(s->watchdog);
	s->rests = s->lull = false;
	return rc;
}

static void run(struct ft_session *s)
{
	uint64_t last = ft_now();
	bool look = false;

	while (s->tasks.count) {
		struct ft_stop stop;
		int rc = wait_stops(s, last);
		bool watched = s->scheduling.idle;

		if (rc == -ETIMEDOUT)
			break;
		if (rc < 0) {
			/* Somebody else in this program has waited for our tasks: see docs. */
			ft_session_fail(s, rc);
			break;
		}
		if (watched)
			ft_watchdog_begin(s->watchdog);
		while (ft_stops_take(&s->stops, &stop) || take_early(s, &stop)) {
			bool had_root = !s->root_ended;

			if (ft_session_is_bell(s, &stop)) {
				bool detaching = s->detaching;

				ft_asked_serve(s, &stop);
				if (!detaching)
					last = ft_now();
				look |= detaching || s->lull_ticks >= LULL_TICKS;
				continue;
			}
			s->lull_ticks = 0;
			on_stop(s, &stop);
			look |= had_root && s->root_ended;
			ft_scheduling_note(
				&s->scheduling, stop.tid, stop.time_ns, stop.time_ns - last);
			last = stop.time_ns;
		}
		if (watched)
			ft_watchdog_end(s->watchdog);
		if (look) /* what wait4() has told of is done */
			drop_lost(s);
		look = false;
	}
	free(s->stops.list);
	s->stops = (struct ft_stops){ 0 };
}

/*
 * PR_SET_PDEATHSIG(2const): the parent whose death counts is the thread that made the child. The command's end is left
 * for the host program to wait for.
 */
static void stay_parent(pid_t pid)
{
	siginfo_t info;

	while (waitid(P_PID, (id_t)pid, &info, WEXITED | WNOWAIT | __WALL | __WNOTHREAD) < 0 &&
		errno == EINTR)
		continue;
}

/* For the watchdog: the tracer thread has waited for a while, or gets no processor. */
static void late(void *session)
{
	struct ft_session *s = session;
	int ticks;

	ft_scheduling_help(&s->scheduling, s->tracer_tid);
	if (s->rests)
		return;
	ft_seize_late(s);
	ticks = s->lull ? ++s->lull_ticks : 0;
	if (!ticks || (ticks >= LULL_TICKS && !(ticks & (ticks - 1))))
		ft_waiting_late(s);
}

void *ft_tracer_main(void *session)
{
	struct ft_session *s = session;
	enum ft_stage stage = FT_STAGE_FORK;
	struct ft_task *t;
	pid_t left;
	int rc;

	prctl(PR_SET_NAME, "fasttrace");
	s->deal_with = deal_with;
	s->tracer_tid = (pid_t)syscall(SYS_gettid);
	pthread_mutex_lock(&s->lock);
	s->stats.start_ns = ft_now();
	pthread_mutex_unlock(&s->lock);
	ft_scheduling_start(&s->scheduling);
	rc = ft_proc_is_ours() ? 0 : -ENOTSUP;
	if (rc < 0)
		stage = FT_STAGE_PROC;
	if (rc >= 0)
		rc = ft_watchdog_new(&s->watchdog, late, s);
	if (rc >= 0)
		rc = ft_reader_new(s->watchdog, &s->scheduling, &s->reader);
	if (rc >= 0)
		rc = ft_asked_hang_bell(s);
	if (rc == -EPERM)
		stage = FT_STAGE_TRACE; /* it is to be traced */
	if (rc >= 0)
		rc = s->spawned ? ft_start_spawn(s, &stage) : ft_start_attach(s, &stage);
	if (rc < 0) {
		ft_session_started(s, rc, stage);
	} else {
		ft_scheduling_quicken(&s->scheduling);
		run(s);
	}
	while ((t = ft_task_next(&s->tasks, NULL, &(int){ 0 })))
		ft_lives_drop(s, t);
	if (s->engine->ended)
		s->engine->ended(s);
	ft_scheduling_end(&s->scheduling);
	ft_watchdog_free(s->watchdog);
	free(s->dead.list);
	ft_reader_free(s->reader);
	ft_spawn_free_gate(s->gate);
	pthread_mutex_lock(&s->lock);
	ft_bell_free(s->bell, 0);
	s->bell = NULL;
	s->stats.end_ns = ft_now();
	s->state = FT_ENDED;
	ft_registers_end(s);
	pthread_cond_broadcast(&s->changed);
	pthread_mutex_unlock(&s->lock);
	if (s->ring)
		ft_ring_finish(s->ring);
	pthread_mutex_lock(&s->lock);
	left = s->spawned && s->root_pidfd >= 0 ? s->root : 0;
	s->stays = left;
	s->over = true;
	pthread_cond_broadcast(&s->changed);
	pthread_mutex_unlock(&s->lock);
	if (left)
		stay_parent(left);
	return NULL;
}
