/* A session from the inside: what the tracer thread and the API share. */
#ifndef FT_SESSION_H
#define FT_SESSION_H

#include <pthread.h>
#include <signal.h>
#include <stdbool.h>

#include "kernel/bell.h"
#include "fasttrace.h"
#include "session/handover.h"
#include "kernel/scheduling.h"
#include "record/processes.h"
#include "record/ring.h"
#include "kernel/spawn.h"
#include "session/task.h"
#include "kernel/wait.h"

struct ft_engine;
struct ft_frame;
struct ft_inline;
struct ft_plan;
struct ft_python_reads;
struct ft_reader;
struct ft_request;
struct ft_waiting;
struct ft_watchdog;

enum ft_state { FT_OPENED, FT_STARTING, FT_RUNNING, FT_ENDED };

struct ft_session {
	/* Fixed after ft_open. */
	uint32_t options;
	uint16_t *policy; /* FT_ABI_COUNT * FT_NR_MAX of them; NULL: record everything */
	uint32_t string_limit; /* bytes of data that are captured, but of paths */
	uint32_t execs_kept; /* with FT_OPT_UNTIL_EXEC */
	uint64_t pause_level; /* 0: nobody pauses */
	uint32_t python_frames; /* that are captured of each call; 0: none */
	void *filter;
	uint16_t filter_len;
	struct ft_ring *ring; /* NULL without FT_OPT_EVENTS */
	struct ft_plan *plan; /* NULL: nothing is altered */

	/* Guarded by lock. */
	pthread_mutex_t lock;
	pthread_cond_t changed;
	enum ft_state state;
	int start_result; /* pid, or why it could not start */
	enum ft_stage stage;
	struct ft_tally *tally; /* NULL without FT_OPT_TALLY */
	struct ft_tally *engine_calls; /* NULL without the inline engine */
	struct ft_process_table processes;
	struct ft_stats stats; /* but for what stands elsewhere, see ft_get_stats() */
	int root_pidfd;
	struct ft_bell *bell;
	bool stop_asked;
	bool over; /* the tracer thread does not use this any more */
	bool stays; /* though it goes on, as the parent of a command that was let go */
	enum ft_stop_how stop_how;
	struct ft_handover handover;
	pid_t seizing; /* a process of which a thread is being seized; 0: none */
	struct ft_stops dead; /* threads of it, waited for meanwhile */
	struct ft_request *requests; /* for registers, of callers that wait */

	/* The tracer thread counts, everybody reads. */
	_Atomic uint64_t stops_seen, calls_altered; /* struct ft_stats has them, too */

	/* The tracer thread's own. */
	pthread_t thread;
	pid_t tracer_tid;
	const struct ft_engine *engine;
	struct ft_inline *in; /* NULL without the inline engine; has a lock of its own */
	bool flushing; /* under that: a reader takes what is there, so it cannot wait for itself */
	struct ft_stops stops; /* seen and not yet dealt with */
	struct ft_tasks tasks;
	struct ft_scheduling scheduling;
	struct ft_watchdog *watchdog; /* of the tracer thread's waits: see service.h */
	_Atomic bool rests; /* it waits for whatever comes */
	_Atomic bool lull; /* or does not */
	_Atomic int lull_ticks; /* how long it has */
	struct ft_reader *reader;
	struct ft_python_reads *python_reads; /* NULL until some are wanted */
	struct ft_frame *frames; /* what is being done, the innermost first */
	int depth; /* of them */
	struct ft_waiting *waiting; /* for one task, the innermost first */
	bool sleepers_missed; /* some task's sleep was over while something was done for its process */
	const struct ft_command *command; /* until it has become the root */
	const pid_t *attach_pids; /* until they are */
	size_t attach_count;
	pid_t attach_refused; /* which of them could not be, if one could not */
	sigset_t caller_mask;
	struct ft_gate *gate; /* NULL once the command runs */
	pid_t root;
	bool root_ended;
	bool spawned;
	bool killing, detaching;
	bool strangers; /* some task went, or was let go, before its maker told of it */
	/* Deals with a stop, the bell's too: who waits for one task serves the others by it. */
	void (*deal_with)(struct ft_session *s, const struct ft_stop *stop);
};

static inline bool ft_session_is_bell(const struct ft_session *s, const struct ft_stop *stop)
{
	return s->bell && stop->tid == ft_bell_pid(s->bell);
}

/* The start is decided: a pid or a negative errno. */
void ft_session_started(struct ft_session *s, int result, enum ft_stage stage);
/* The session cannot go on: end it, but keep what is recorded. */
void ft_session_fail(struct ft_session *s, int error);

#endif
