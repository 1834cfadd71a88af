/*
 * PTRACE_SEIZE waits while a thread of the process execs (cred_guard_mutex, kernel/ptrace.c). That exec waits until all
 * other threads are dead, and those that we trace until we have waited for them or let them go on from their exit event
 * (kernel/exit.c; fs/exec.c, de_thread()). So another thread of ours waits for the dead, and none has an exit event yet.
 * Then the one that execs has the leader's tid: the kernel tells of it only if it was ours before.
 */
#define _GNU_SOURCE
#include "tracer/seize.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ptrace.h>
#include <linux/ptrace.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "kernel/clock.h"
#include "kernel/proc.h"
#include "kernel/watchdog.h"
#include "session/adopt.h"
#include "session/record.h"

#define PF_IO_WORKER   0x10u /* since Linux 5.12 */
#define PF_USER_WORKER 0x4000u /* since Linux 6.4 */
#define EXECS_MAX      1000 /* that come between, each by a thread that is not ours */

struct seizing {
	pid_t pid, ppid;
	bool first; /* nobody of it is ours yet */
	bool unsure; /* in this pass somebody was not what it seemed to be */
};

static bool is_dead(const char *status)
{
	const char *state = strstr(status, "\nState:\t");

	return state && (state[8] == 'Z' || state[8] == 'X');
}

static bool is_traced_by(const char *status, pid_t tracer)
{
	return ft_proc_status_field(status, "TracerPid") == tracer;
}

/*
 * Whether a thread of the process is the kernel's own: a worker of io_uring or vhost. It never runs code
 * of the program, makes no calls and comes to no stop. The flags are those of include/linux/sched.h; before
 * Linux 5.12 PF_IO_WORKER's bit meant something else. 1, 0, or a negative errno.
 */
static int is_kernel_worker(pid_t tid)
{
	char stat[1024];
	ssize_t n = ft_proc_text(tid, "stat", stat, sizeof(stat));
	const char *name, *flags_at;
	unsigned long flags;

	if (n <= 0)
		return n < 0 ? (int)n : -ESRCH;
	name = strchr(stat, '(');
	flags_at = ft_proc_stat_field(stat, 9);
	if (!name || !flags_at)
		return -EPROTO;
	flags = strtoul(flags_at, NULL, 10);
	return flags & PF_USER_WORKER || (flags & PF_IO_WORKER && !strncmp(name, "(iou-", 5));
}

/* As PTRACE_SEIZE asks it (kernel/ptrace.c, __ptrace_may_access()). */
static bool may_be_traced(pid_t tid)
{
	int fd = ft_proc_open(tid, "mem");

	if (fd >= 0)
		close(fd);
	return fd >= 0;
}

static void set_seizing(struct ft_session *s, pid_t pid)
{
	pthread_mutex_lock(&s->lock);
	s->seizing = pid;
	pthread_mutex_unlock(&s->lock);
}

/* 0 or a negative errno. What has ended meanwhile is told of. */
static int seize(struct ft_session *s, pid_t pid, pid_t tid)
{
	struct ft_stop stop;
	int rc = 0;

	set_seizing(s, pid);
	ft_watchdog_begin(s->watchdog);
	if (ptrace(PTRACE_SEIZE, tid, 0, ft_adopt_options(s) & ~PTRACE_O_TRACEEXIT) < 0)
		rc = -errno;
	ft_watchdog_end(s->watchdog);
	set_seizing(s, 0);
	while (ft_stops_take(&s->dead, &stop)) {
		s->deal_with(s, &stop);
		if (stop.tid == tid)
			rc = -ESRCH;
	}
	return rc;
}

void ft_seize_late(struct ft_session *s)
{
	char path[32], status[4096];
	struct dirent *entry;
	DIR *dir = NULL;

	pthread_mutex_lock(&s->lock);
	snprintf(path, sizeof(path), "/proc/%d/task", s->seizing);
	if (s->seizing)
		dir = opendir(path);
	while (dir && (entry = readdir(dir))) {
		pid_t tid = (pid_t)strtol(entry->d_name, NULL, 10);
		struct ft_stop stop = { .tid = tid, .kind = FT_STOPPED_EXITED };

		if (tid <= 0 || tid == s->seizing ||
			ft_proc_text(tid, "status", status, sizeof(status)) <= 0 ||
			!is_dead(status) || !is_traced_by(status, s->tracer_tid))
			continue;
		/* The kernel lets every thread of the tracer's process wait for it. */
		if (wait4(tid, &stop.status, __WALL | WNOHANG, NULL) != tid)
			continue;
		stop.time_ns = ft_now();
		ft_stops_put_back(&s->dead, &stop);
	}
	if (dir)
		closedir(dir);
	pthread_mutex_unlock(&s->lock);
}

bool ft_seize_is_lost(const struct ft_session *s, pid_t pid)
{
	char status[4096];
	ssize_t n = ft_proc_text(pid, "status", status, sizeof(status));

	return n > 0 ? !is_traced_by(status, s->tracer_tid) : n == -ENOENT || n == -ESRCH;
}

void ft_seize_complete(struct ft_session *s, struct ft_task *t)
{
	long options = ft_adopt_options(s);

	if (options & PTRACE_O_TRACEEXIT && !t->complete)
		ptrace(PTRACE_SETOPTIONS, t->tid, 0, options);
	t->complete = true;
}

/* It is ours now. By an exec, before it was, it may have become the leader. */
static int note(struct ft_session *s, struct seizing *z, pid_t tid)
{
	struct ft_task *t;

	if (!ft_adopt_is_member(z->pid, tid))
		tid = z->pid;
	t = ft_task_find(&s->tasks, tid);
	if (t) {
		t->interrupting = false;
		ft_record_exec(s, t, tid, ft_now());
		return 1;
	}
	t = ft_adopt_known(s, tid, z->pid, z->ppid, ft_now());
	if (!t)
		return -ENOMEM;
	t->announced = true;
	t->attached = true;
	ft_record_attach(s, t, z->first, ft_now());
	z->first = false;
	return 1;
}

/* Why it could not be seized; 0: it need not be. */
static int refusal(struct ft_session *s, struct seizing *z, pid_t tid, int error)
{
	char status[4096];
	ssize_t n = ft_proc_text(tid, "status", status, sizeof(status));

	if (error == -ESRCH || n == -ESRCH || n == -ENOENT) {
		z->unsure = true; /* it has ended meanwhile, and may have made others */
		return 0;
	}
	if (n <= 0)
		return n < 0 ? (int)n : -EPROTO;
	/* A thread born since is traced already: PTRACE_O_TRACECLONE saw to it. */
	if (is_traced_by(status, s->tracer_tid) || is_dead(status))
		return 0;
	/* It was dead when it was tried, and another one has its tid by now. */
	if (error == -EPERM && z->pid != getpid() && is_traced_by(status, 0) &&
		may_be_traced(tid)) {
		z->unsure = true;
		return 0;
	}
	return error;
}

/* Seizes the threads of a process that are not ours yet. Returns how many, or why it is not allowed. */
static int seize_threads(struct ft_session *s, struct seizing *z)
{
	char path[32];
	struct dirent *entry;
	int found = 0, rc = 0;
	DIR *dir;

	z->unsure = false;
	snprintf(path, sizeof(path), "/proc/%d/task", z->pid);
	dir = opendir(path);
	if (!dir)
		return errno == ENOENT ? -ESRCH : -errno;
	while (rc >= 0 && (entry = readdir(dir))) {
		pid_t tid = (pid_t)strtol(entry->d_name, NULL, 10);

		if (tid <= 0)
			continue;
		if (ft_task_find(&s->tasks, tid) && (tid != z->pid || !ft_seize_is_lost(s, tid)))
			continue;
		rc = is_kernel_worker(tid);
		if (rc == -ESRCH || rc == -ENOENT) {
			z->unsure = true;
			rc = 0;
		}
		if (rc)
			continue;
		rc = seize(s, z->pid, tid);
		rc = rc ? refusal(s, z, tid, rc) : note(s, z, tid);
		found += rc > 0;
	}
	closedir(dir);
	return rc < 0 ? rc : found;
}

/* Whether the leader is still ours. All are told to stop. */
static bool interrupt(struct ft_session *s, pid_t pid)
{
	struct ft_task *t = ft_task_find(&s->tasks, pid);
	int bucket = 0;

	if (t && !t->interrupting && ptrace(PTRACE_INTERRUPT, pid, 0, 0) < 0 && errno == ESRCH)
		return false;
	if (t)
		t->interrupting = true;
	t = NULL;
	while ((t = ft_task_next(&s->tasks, t ? t->next : NULL, &bucket)))
		if (t->tgid == pid && !t->interrupting)
			t->interrupting = !ptrace(PTRACE_INTERRUPT, t->tid, 0, 0);
	return true;
}

/* Nobody of it is ours, nor could be. -EAGAIN: it is there all the same. */
static int none_seized(const struct ft_session *s, const struct seizing *z)
{
	char status[4096];

	if (ft_proc_text(z->pid, "status", status, sizeof(status)) <= 0)
		return -ESRCH;
	/* Born meanwhile of another one that is ours. */
	if (is_traced_by(status, s->tracer_tid))
		return 0;
	if (!is_dead(status) || ft_proc_status_field(status, "Threads") > 1)
		return -EAGAIN;
	return -EPERM; /* as PTRACE_SEIZE would say */
}

static bool has_members(const struct ft_session *s, pid_t pid)
{
	struct ft_task *t = NULL;
	int bucket = 0;

	while ((t = ft_task_next(&s->tasks, t ? t->next : NULL, &bucket)))
		if (t->tgid == pid)
			return true;
	return false;
}

int ft_seize_process(struct ft_session *s, pid_t asked, pid_t *tgid)
{
	struct seizing z = { .first = true };
	char status[4096];
	ssize_t n = ft_proc_text(asked, "status", status, sizeof(status));
	int execs = 0;

	if (n <= 0)
		return n == -ENOENT || !n ? -ESRCH : (int)n;
	*tgid = z.pid = (pid_t)ft_proc_status_field(status, "Tgid");
	z.ppid = (pid_t)ft_proc_status_field(status, "PPid");
	while (execs++ < EXECS_MAX) {
		int found;

		/* Threads may be born while we look: until a pass finds none. */
		while ((found = seize_threads(s, &z)) > 0)
			continue;
		if (found < 0)
			return found;
		if (z.unsure)
			continue;
		if (has_members(s, z.pid)) {
			if (interrupt(s, z.pid))
				return 0;
			continue;
		}
		found = none_seized(s, &z);
		if (found != -EAGAIN)
			return found;
	}
	return -EAGAIN;
}
