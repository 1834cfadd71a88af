/*
 * How the tracer thread waits, and on which processor. A stop costs two context switches; if tracer
 * and tracee sit on different idle processors each is also an interrupt between them (measured in a
 * VM, Linux 6.18: 40 us a stop, against 2.5 us on one processor). The kernel wakes a task on its
 * last processor if only SCHED_IDLE tasks run there (kernel/sched/fair.c, sched_idle_cpu()), else
 * on an idle one. So while one tracee makes call upon call the tracer keeps near it: it follows the
 * tracee to its processor as SCHED_IDLE, or, where it could not leave SCHED_IDLE again, polls for a
 * moment before it sleeps (20 us a stop). Nothing is changed about the tracee.
 */
#ifndef FT_SCHEDULING_H
#define FT_SCHEDULING_H

#include <pthread.h>
#include <sched.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

struct ft_scheduling {
	bool idle_able; /* SCHED_IDLE can be left again: CAP_SYS_NICE or RLIMIT_NICE */
	bool near; /* keeping near `tracee` */
	_Atomic bool idle; /* and that as SCHED_IDLE, until another thread has to help */
	bool quick; /* its turns at a processor are short, and so its waits for one */
	uint64_t poll_ns; /* how long to poll before sleeping in wait4 */
	int cpu;
	cpu_set_t home; /* affinity at the start */
	pid_t tracee;
	int own_fd, tracee_fd; /* their schedstat in /proc; -1: there is none, so never near */
	uint64_t own_delay_ns, tracee_ran_ns; /* when last read */
	pid_t candidate; /* whose stops come one upon the other now */
	unsigned streak; /* how many of them */
	uint64_t streak_start_ns;
	unsigned stops, same; /* while near: since the last look; those of `tracee` */
	uint64_t look_ns;     /* when that was */
	uint64_t backoff_ns, backoff_until_ns;
};

/* By the tracer thread. */
void ft_scheduling_start(struct ft_scheduling *p);
/* What it starts itself has been started, and does not inherit this. */
void ft_scheduling_quicken(struct ft_scheduling *p);
/* After each stop that was handled: whose it was and when it came; waited_ns: how long wait4 took.
 */
void ft_scheduling_note(struct ft_scheduling *p, pid_t tid, uint64_t now_ns, uint64_t waited_ns);
/* By another thread, where the tracer thread, tid, has come no further for a while: if what it lacks is a processor. */
void ft_scheduling_help(struct ft_scheduling *p, pid_t tid);
/* Where threads and processes made by the tracer thread belong; NULL: where it is itself. */
const cpu_set_t *ft_scheduling_home(const struct ft_scheduling *p);
/* A thread that is made by the tracer thread and placed there. As pthread_create(3). */
int ft_scheduling_thread(const struct ft_scheduling *p, pthread_t *out, bool detached,
	void *(*main)(void *), void *arg);
void ft_scheduling_end(struct ft_scheduling *p);

#endif
