/* wait4(2) statuses as typed stops. */
#ifndef FT_WAIT_H
#define FT_WAIT_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

enum ft_stop_kind {
	FT_STOPPED_SYSCALL, /* entry or exit: PTRACE_GET_SYSCALL_INFO tells */
	FT_STOPPED_SECCOMP,
	FT_STOPPED_SIGNAL, /* before delivery of `sig` */
	FT_STOPPED_GROUP,  /* group-stop by `sig` */
	FT_STOPPED_TRAP, /* PTRACE_EVENT_STOP: first stop of a new task, our interrupt, or the end
			    of a group-stop */
	FT_STOPPED_BIRTH, /* fork, vfork, clone: `birth` tells */
	FT_STOPPED_EXEC,
	FT_STOPPED_EXITING, /* about to exit, with its registers and memory still there */
	FT_STOPPED_OTHER, /* an event nobody asked for */
	FT_STOPPED_EXITED, /* gone: `status` */
};

struct ft_stop {
	enum ft_stop_kind kind;
	pid_t tid;
	int status;
	int sig;
	int birth; /* enum ft_fork */
	uint64_t time_ns;
};

/* Stops in the order in which they were seen, not yet dealt with. */
struct ft_stops {
	struct ft_stop *list;
	int head, count, room; /* list[head] is the first of count */
	unsigned waits;
};

/*
 * Waits for stops of tasks that this thread spawned or traces and queues them. Polls for poll_ns, then
 * sleeps until the first. With more set all that there are are collected now and then: a busy task must not keep
 * wait4 from ever reaching those behind it in the kernel's list. 0; -ECHILD: no task is left; -ENOMEM.
 */
int ft_wait_stops(struct ft_stops *stops, uint64_t poll_ns, int more);
/* False: none is queued. */
bool ft_stops_take(struct ft_stops *stops, struct ft_stop *out);
/* Whether one that is wanted is queued. */
bool ft_stops_hold(
	const struct ft_stops *stops, bool (*wanted)(const struct ft_stop *, void *), void *arg);
/* The first that is wanted. */
bool ft_stops_take_if(struct ft_stops *stops, bool (*wanted)(const struct ft_stop *, void *),
	void *arg, struct ft_stop *out);
/* As seen first. 0 or -ENOMEM. */
int ft_stops_put_back(struct ft_stops *stops, const struct ft_stop *stop);

/* At which event's stop a task stands now, a PTRACE_EVENT_ of ptrace(2); 0: at another stop; or a negative errno. */
int ft_stop_event(pid_t tid);

#endif
