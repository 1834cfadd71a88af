/* wait4(2) statuses as typed stops. */
#ifndef FT_WAIT_H
#define FT_WAIT_H

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

/* The next stop of one task. 0 or a negative errno. */
int ft_wait_task(pid_t tid, struct ft_stop *stop);

/*
 * The next stops of tasks that this thread spawned or traces, at most max. Polls for poll_ns, then
 * sleeps until the first. More than one is collected only if more is set: a busy task must not keep
 * wait4 from ever reaching those behind it in the kernel's list. Returns their number; -ECHILD: no
 * task is left.
 */
int ft_wait_stops(struct ft_stop *stops, int max, uint64_t poll_ns, int more);

#endif
