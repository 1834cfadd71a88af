/* A session from the outside, but for its end: fasttrace.h. */
#define _GNU_SOURCE
#include <errno.h>
#include <linux/filter.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "alter/plan.h"
#include "kernel/clock.h"
#include "kernel/thread.h"
#include "session/engine.h"
#include "tables/capture.h"
#include "tracer/tracer.h"

static int copy_config(struct ft_session *s, const struct ft_config *c)
{
	bool any = false;

	s->options = c->options;
	s->execs_kept = c->execs_kept;
	s->pause_level = c->engine == FT_ENGINE_PTRACE ? c->pause_level : 0;
	for (int abi = 0; abi < FT_ABI_COUNT; abi++)
		any |= c->policy[abi] != NULL;
	if (any) {
		s->policy = malloc(FT_ABI_COUNT * FT_NR_MAX * sizeof(*s->policy));
		if (!s->policy)
			return -ENOMEM;
		for (int i = 0; i < FT_ABI_COUNT * FT_NR_MAX; i++) {
			const uint16_t *given = c->policy[i / FT_NR_MAX];

			s->policy[i] = given ? given[i % FT_NR_MAX] : FT_POLICY_RECORD;
			if (s->policy[i] / FT_POLICY_PROGRAM >= ft_capture_program_count)
				return -EINVAL;
		}
	}
	if (c->string_limit > FT_STRING_LIMIT_MAX)
		return -EINVAL;
	if (c->python_frames > FT_PYTHON_FRAMES_MAX)
		return -EINVAL;
	s->python_frames = s->options & FT_OPT_EVENTS ? c->python_frames : 0;
	s->string_limit = c->string_limit ? c->string_limit : FT_STRING_LIMIT;
	if (c->filter) {
		size_t size = c->filter_len * sizeof(struct sock_filter);

		s->filter = malloc(size);
		if (!s->filter)
			return -ENOMEM;
		memcpy(s->filter, c->filter, size);
		s->filter_len = c->filter_len;
	}
	return ft_plan_new(&s->plan, c);
}

int ft_open(struct ft_session **out, const struct ft_config *config)
{
	struct ft_session *s = calloc(1, sizeof(*s));
	int rc;

	if (!s)
		return -ENOMEM;
	s->stats.root_status = -1;
	s->root_pidfd = -1;
	pthread_mutex_init(&s->lock, NULL);
	ft_cond_init(&s->changed);
	rc = copy_config(s, config);
	if (!rc && s->options & FT_OPT_EVENTS)
		rc = ft_ring_new(&s->ring, config->block_events, config->queue_blocks);
	if (!rc && s->options & FT_OPT_TALLY)
		rc = ft_tally_new(&s->tally);
	s->engine = &ft_engine_ptrace;
	if (!rc && config->engine == FT_ENGINE_INLINE)
		rc = ft_tally_new(&s->engine_calls);
	if (!rc && config->engine == FT_ENGINE_INLINE) {
		s->engine = &ft_engine_inline;
		rc = s->options & FT_OPT_FOLLOW && !s->filter && !ft_inline_unusable()
			     ? s->engine->open(s)
			     : -EOPNOTSUPP;
	}
	if (rc < 0) {
		ft_close(s);
		return rc;
	}
	*out = s;
	return 0;
}

/* The state that was. */
static enum ft_state change_state(struct ft_session *s, enum ft_state from, enum ft_state to)
{
	enum ft_state was;

	pthread_mutex_lock(&s->lock);
	was = s->state;
	if (was == from)
		s->state = to;
	pthread_mutex_unlock(&s->lock);
	return was;
}

/* A command, or processes to attach to. */
static int start(struct ft_session *s, const struct ft_command *command, const pid_t *pids,
	size_t count, enum ft_stage *stage)
{
	sigset_t all;
	int rc;

	if (change_state(s, FT_OPENED, FT_STARTING) != FT_OPENED)
		return -EBUSY;
	s->command = command;
	s->spawned = command;
	s->attach_pids = pids;
	s->attach_count = count;
	/*
	 * The tracer thread takes no signals; the command gets the caller's mask. But a blocked
	 * SIGCHLD would be kept, not ignored, at every stop (kernel/signal.c, sig_ignored()), and
	 * wake another thread to throw it away.
	 */
	sigfillset(&all);
	sigdelset(&all, SIGCHLD);
	pthread_sigmask(SIG_SETMASK, &all, &s->caller_mask);
	rc = ft_thread_start(&s->thread, false, ft_tracer_main, s);
	pthread_sigmask(SIG_SETMASK, &s->caller_mask, NULL);
	if (rc) {
		change_state(s, FT_STARTING, FT_OPENED);
		*stage = FT_STAGE_FORK;
		return -rc;
	}
	pthread_mutex_lock(&s->lock);
	while (s->state == FT_STARTING)
		pthread_cond_wait(&s->changed, &s->lock);
	rc = s->start_result;
	*stage = s->stage;
	pthread_mutex_unlock(&s->lock);
	return rc;
}

int ft_spawn(struct ft_session *s, const struct ft_command *command, enum ft_stage *stage)
{
	*stage = FT_STAGE_NONE;
	if (s->filter && command->seccomp)
		return -EINVAL;
	return start(s, command, NULL, 0, stage);
}

int ft_attach(struct ft_session *s, pid_t pid, enum ft_stage *stage)
{
	*stage = FT_STAGE_NONE;
	if (pid <= 0)
		return -ESRCH;
	if (s->filter)
		return -EINVAL; /* a filter can only be installed by the process itself */
	return start(s, NULL, &pid, 1, stage);
}

int ft_attach_all(
	struct ft_session *s, const pid_t *pids, size_t count, enum ft_stage *stage, pid_t *refused)
{
	int rc;

	*stage = FT_STAGE_NONE;
	*refused = 0;
	if (!count || s->filter || !(s->options & FT_OPT_FOLLOW) || s->engine != &ft_engine_ptrace)
		return -EINVAL;
	for (size_t i = 0; i < count; i++) {
		if (pids[i] <= 0) {
			*refused = pids[i];
			return -ESRCH;
		}
	}
	rc = start(s, NULL, pids, count, stage);
	if (rc < 0)
		*refused = s->attach_refused;
	return rc;
}

/* The tracer thread does without the session from here on; it may yet stay for the command's sake. */
static void part_with_thread(struct ft_session *s)
{
	bool stays;

	pthread_mutex_lock(&s->lock);
	while (!s->over)
		pthread_cond_wait(&s->changed, &s->lock);
	stays = s->stays;
	pthread_mutex_unlock(&s->lock);
	if (stays)
		pthread_detach(s->thread);
	else
		pthread_join(s->thread, NULL);
}

void ft_close(struct ft_session *s)
{
	if (!s)
		return;
	if (change_state(s, FT_OPENED, FT_ENDED) != FT_OPENED) {
		ft_stop(s, s->spawned ? FT_STOP_KILL : FT_STOP_DETACH);
		if (s->ring)
			ft_ring_abandon(s->ring);
		part_with_thread(s);
	}
	if (s->root_pidfd >= 0)
		close(s->root_pidfd);
	if (s->engine && s->engine->close)
		s->engine->close(s);
	ft_ring_free(s->ring);
	ft_tally_free(s->tally);
	ft_tally_free(s->engine_calls);
	ft_process_table_free(&s->processes);
	ft_plan_free(s->plan);
	free(s->policy);
	free(s->filter);
	free(s->python_reads);
	pthread_cond_destroy(&s->changed);
	pthread_mutex_destroy(&s->lock);
	free(s);
}

int ft_take(struct ft_session *s, int64_t timeout_ns, struct ft_block **out)
{
	return s->ring ? ft_ring_take(s->ring, timeout_ns, out) : -ENODATA;
}

int ft_get_tally(struct ft_session *s, struct ft_tally **out)
{
	int rc = -ENODATA;

	if (s->engine->flush)
		s->engine->flush(s);
	pthread_mutex_lock(&s->lock);
	if (s->tally)
		rc = ft_tally_copy(out, s->tally);
	pthread_mutex_unlock(&s->lock);
	return rc;
}

int ft_get_engine_calls(struct ft_session *s, struct ft_tally **out)
{
	int rc;

	if (s->engine->flush)
		s->engine->flush(s);
	pthread_mutex_lock(&s->lock);
	rc = s->engine_calls ? ft_tally_copy(out, s->engine_calls) : ft_tally_new(out);
	pthread_mutex_unlock(&s->lock);
	return rc;
}

int ft_find_process(struct ft_session *s, pid_t pid, struct ft_process *out)
{
	const struct ft_processes *all = &s->processes.all;
	int found = 0;

	pthread_mutex_lock(&s->lock);
	for (size_t i = all->count; i-- && !found;) {
		found = all->list[i].pid == pid;
		if (found)
			*out = all->list[i];
	}
	pthread_mutex_unlock(&s->lock);
	return found;
}

int ft_get_processes(struct ft_session *s, struct ft_processes *out)
{
	int rc;

	pthread_mutex_lock(&s->lock);
	rc = ft_process_copy(&s->processes, out);
	pthread_mutex_unlock(&s->lock);
	return rc;
}

void ft_get_stats(struct ft_session *s, struct ft_stats *out)
{
	struct ft_ring_counts counts = { 0 };
	enum ft_state state;

	pthread_mutex_lock(&s->lock);
	*out = s->stats;
	state = s->state;
	pthread_mutex_unlock(&s->lock);
	out->stops = s->stops_seen;
	out->altered = s->calls_altered;
	out->tasks = s->tasks.count;
	if (!s->ring)
		return;
	ft_ring_counts(s->ring, &counts);
	out->taken = counts.taken;
	out->waits_full = counts.waits;
	/* Once all has ended, what was written and not taken is lost; before that it is on its way.
	 */
	if (state == FT_ENDED)
		out->lost += counts.written - counts.taken;
}
