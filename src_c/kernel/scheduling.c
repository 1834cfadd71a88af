#define _GNU_SOURCE
#include "kernel/scheduling.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "kernel/proc.h"
#include "kernel/thread.h"

#define STREAK	     128 /* stops of one task before it is worth keeping near */
#define LOOK_STOPS   256 /* then look again after so many */
#define SAME_MIN     (LOOK_STOPS * 3 / 4)
#define STOP_MAX_NS  250000ull /* rarer than this, the cost of a stop, up to 40 us, hardly counts */
#define LONG_WAIT_NS 1000000
#define DELAY_MAX_NS                                                                               \
	500000 /* waited this long for a processor since the last look: others need it */
#define POLL_NS	       50000
#define SLICE_NS       100000 /* the shortest that there is */
#define BACKOFF_MIN_NS 100000000ull
#define BACKOFF_MAX_NS 6400000000ull /* doubles each time it was in vain */

static bool has_cap_sys_nice(void)
{
	struct __user_cap_header_struct head = { .version = _LINUX_CAPABILITY_VERSION_3 };
	struct __user_cap_data_struct data[_LINUX_CAPABILITY_U32S_3];

	memset(data, 0, sizeof(data));
	return !syscall(SYS_capget, &head, data) && data[0].effective >> CAP_SYS_NICE & 1;
}

/* By the kernel: musl's sched_setscheduler(3) and sched_getscheduler(3) only say ENOSYS. */
static int set_policy_of(pid_t tid, int policy)
{
	const struct sched_param param = { 0 };

	return (int)syscall(SYS_sched_setscheduler, tid, policy, &param);
}

static int set_policy(int policy)
{
	return set_policy_of(0, policy);
}

/* include/uapi/linux/sched/types.h, in its first form, which all kernels take */
struct attributes {
	uint32_t size, policy;
	uint64_t flags;
	int32_t nice;
	uint32_t priority;
	uint64_t runtime, deadline, period;
};

/*
 * A stopped tracee waits for us, and we for a processor, which others have until their turn is over: some 3 ms. Whose
 * own turns are short needs not wait for that (kernel/sched/fair.c, PREEMPT_SHORT; Linux 6.12). Older kernels know of no
 * such thing, and say nothing.
 */
static void be_quick(void)
{
	const struct attributes quick = {
		.size = sizeof(quick),
		.policy = SCHED_OTHER,
		.nice = getpriority(PRIO_PROCESS, (id_t)syscall(SYS_gettid)),
		.runtime = SLICE_NS,
	};

	syscall(SYS_sched_setattr, 0, &quick, 0);
}

/* sched(7): SCHED_IDLE may be left only where RLIMIT_NICE would allow the thread's nice value. */
static bool may_leave_idle(void)
{
	struct rlimit lim;
	int nice = getpriority(PRIO_PROCESS, (id_t)syscall(SYS_gettid));

	if (has_cap_sys_nice())
		return true;
	return !getrlimit(RLIMIT_NICE, &lim) &&
	       (lim.rlim_cur == RLIM_INFINITY || (long)lim.rlim_cur >= 20 - nice);
}

/* The processor that a task ran on last, or less than 0. */
static int processor_of(pid_t tid)
{
	char stat[1024];
	const char *field;

	ft_proc_text(tid, "stat", stat, sizeof(stat));
	field = ft_proc_stat_field(stat, 39);
	return field ? atoi(field) : -1;
}

static void leave(struct ft_scheduling *p)
{
	if (!p->near)
		return;
	p->idle = false;
	if (p->idle_able) {
		set_policy(SCHED_OTHER);
		if (p->quick)
			be_quick();
		sched_setaffinity(0, sizeof(p->home), &p->home);
	}
	close(p->tracee_fd);
	p->poll_ns = 0;
	p->near = false;
}

/* For a while, longer each time. */
static void back_off(struct ft_scheduling *p, uint64_t now)
{
	leave(p);
	p->backoff_until_ns = now + p->backoff_ns;
	if (p->backoff_ns < BACKOFF_MAX_NS)
		p->backoff_ns *= 2;
}

/*
 * As SCHED_IDLE we starve where others want the processor: give way at once. Waiting while the tracee itself runs is
 * as it should be.
 */
static bool starved(struct ft_scheduling *p, uint64_t now)
{
	uint64_t ran = 0, delay = 0, tracee_ran = 0, unused;
	uint64_t waited, by_tracee;

	if (!ft_proc_schedstat(p->own_fd, &ran, &delay) ||
		!ft_proc_schedstat(p->tracee_fd, &tracee_ran, &unused)) {
		leave(p);
		return true;
	}
	waited = delay - p->own_delay_ns;
	by_tracee = tracee_ran - p->tracee_ran_ns;
	p->own_delay_ns = delay;
	p->tracee_ran_ns = tracee_ran;
	if (waited <= by_tracee + DELAY_MAX_NS)
		return false;
	back_off(p, now);
	return true;
}

/* To the tracee's processor, where we are not there yet. */
static bool move(struct ft_scheduling *p, pid_t tid)
{
	int cpu = processor_of(tid);
	cpu_set_t one;

	if (cpu < 0 || cpu >= CPU_SETSIZE || !CPU_ISSET(cpu, &p->home))
		return false;
	if (p->cpu == cpu)
		return true;
	CPU_ZERO(&one);
	CPU_SET(cpu, &one);
	p->cpu = cpu;
	return !sched_setaffinity(0, sizeof(one), &one);
}

static void keep_near(struct ft_scheduling *p, pid_t tid, uint64_t now)
{
	uint64_t unused;

	leave(p);
	p->tracee_fd = ft_proc_open(tid, "schedstat");
	if (p->tracee_fd < 0)
		return;
	p->near = true;
	p->tracee = tid;
	p->cpu = -1;
	p->stops = p->same = 0;
	p->look_ns = now;
	if (!p->idle_able)
		p->poll_ns = POLL_NS;
	if (!ft_proc_schedstat(p->own_fd, &unused, &p->own_delay_ns) ||
		!ft_proc_schedstat(p->tracee_fd, &p->tracee_ran_ns, &unused) ||
		(p->idle_able && (!move(p, tid) || set_policy(SCHED_IDLE) < 0))) {
		leave(p);
		return;
	}
	p->idle = p->idle_able;
}

/* It may have left SCHED_IDLE by then, or have gone back to it: it is only as it was before. */
void ft_scheduling_help(struct ft_scheduling *p, pid_t tid)
{
	if (p->idle && ft_proc_state(tid) == 'R' && !set_policy_of(tid, SCHED_OTHER))
		p->idle = false;
}

static bool is_ordinary(void)
{
	return syscall(SYS_sched_getscheduler, 0) == SCHED_OTHER;
}

void ft_scheduling_quicken(struct ft_scheduling *p)
{
	p->quick = is_ordinary();
	if (p->quick)
		be_quick();
}

void ft_scheduling_start(struct ft_scheduling *p)
{
	memset(p, 0, sizeof(*p));
	p->own_fd = -1;
	p->backoff_ns = BACKOFF_MIN_NS;
	if (sched_getaffinity(0, sizeof(p->home), &p->home) < 0 || CPU_COUNT(&p->home) < 2)
		return; /* nowhere else to be */
	p->idle_able = is_ordinary() && may_leave_idle();
	p->own_fd = open("/proc/thread-self/schedstat", O_RDONLY | O_CLOEXEC);
}

/* Is it still worth it, and where is the tracee now? */
static void look(struct ft_scheduling *p, uint64_t now)
{
	bool worth = p->same >= SAME_MIN && now - p->look_ns <= LOOK_STOPS * STOP_MAX_NS;

	p->stops = p->same = 0;
	p->look_ns = now;
	if (!worth || (!starved(p, now) && p->idle_able && !move(p, p->tracee)))
		leave(p);
}

void ft_scheduling_note(struct ft_scheduling *p, pid_t tid, uint64_t now, uint64_t waited_ns)
{
	if (p->own_fd < 0)
		return;
	if (p->near && p->idle_able && !p->idle) { /* it was helped */
		back_off(p, now);
		return;
	}
	if (p->near && waited_ns > LONG_WAIT_NS && starved(p, now))
		return;
	if (p->near) {
		p->same += tid == p->tracee;
		if (++p->stops == LOOK_STOPS)
			look(p, now);
	}
	if (tid != p->candidate || p->streak >= STREAK) {
		p->candidate = tid;
		p->streak = 0;
		p->streak_start_ns = now;
	}
	if (++p->streak == STREAK && (!p->near || tid != p->tracee) &&
		now - p->streak_start_ns <= STREAK * STOP_MAX_NS && now >= p->backoff_until_ns)
		keep_near(p, tid, now);
}

const cpu_set_t *ft_scheduling_home(const struct ft_scheduling *p)
{
	return p->near && p->idle_able ? &p->home : NULL;
}

struct placed {
	void *(*main)(void *);
	void *arg;
	bool elsewhere;
	cpu_set_t home;
};

/* musl has no attribute of pthread_create(3) for this. */
static void *place(void *arg)
{
	struct placed placed = *(struct placed *)arg;

	free(arg);
	if (placed.elsewhere)
		sched_setaffinity(0, sizeof(placed.home), &placed.home);
	set_policy(SCHED_OTHER);
	return placed.main(placed.arg);
}

int ft_scheduling_thread(const struct ft_scheduling *p, pthread_t *out, bool detached,
	void *(*main)(void *), void *arg)
{
	const cpu_set_t *home = ft_scheduling_home(p);
	struct placed *placed;
	int rc;

	if (!home && !p->quick)
		return ft_thread_start(out, detached, main, arg);
	placed = malloc(sizeof(*placed));
	if (!placed)
		return ENOMEM;
	*placed = (struct placed){ .main = main, .arg = arg, .elsewhere = home };
	if (home)
		placed->home = *home;
	rc = ft_thread_start(out, detached, place, placed);
	if (rc)
		free(placed);
	return rc;
}

void ft_scheduling_end(struct ft_scheduling *p)
{
	leave(p);
	if (p->own_fd >= 0)
		close(p->own_fd);
}
