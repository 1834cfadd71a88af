/* How a session begins: a command is spawned, or a process attached to. */
#define _GNU_SOURCE
#include "tracer/start.h"

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

#include "arch/arch.h"
#include "kernel/clock.h"
#include "session/record.h"
#include "kernel/proc.h"
#include "session/adopt.h"

#define PF_IO_WORKER   0x10u /* since Linux 5.12 */
#define PF_USER_WORKER 0x4000u /* since Linux 6.4 */

static bool is_dead(const char *status)
{
	const char *state = strstr(status, "\nState:\t");

	return state && (state[8] == 'Z' || state[8] == 'X');
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

/* Seizes the threads of a process that are not ours yet. Returns how many, or why it is not
 * allowed. */
static int seize_threads(struct ft_session *s, pid_t pid, pid_t ppid, bool first)
{
	char path[32];
	struct dirent *entry;
	int found = 0;
	DIR *dir;

	snprintf(path, sizeof(path), "/proc/%d/task", pid);
	dir = opendir(path);
	if (!dir)
		return errno == ENOENT ? -ESRCH : -errno;
	while ((entry = readdir(dir))) {
		pid_t tid = (pid_t)strtol(entry->d_name, NULL, 10);
		struct ft_task *t;
		char status[4096];
		ssize_t n;
		int error, worker;

		if (tid <= 0 || ft_task_find(&s->tasks, tid))
			continue;
		worker = is_kernel_worker(tid);
		if (worker == -ESRCH || worker == -ENOENT)
			continue; /* has ended meanwhile */
		if (worker < 0) {
			found = worker;
			break;
		}
		if (worker)
			continue;
		if (!ptrace(PTRACE_SEIZE, tid, 0, ft_adopt_options(s))) {
			t = ft_adopt_known(s, tid, pid, ppid, ft_now());
			if (!t) {
				found = -ENOMEM;
				break;
			}
			t->announced = true;
			t->attached = true;
			ft_record_attach(s, t, first && !found, ft_now());
			found++;
			continue;
		}
		error = errno;
		n = ft_proc_text(tid, "status", status, sizeof(status));
		if (error == ESRCH || n == -ESRCH || n == -ENOENT)
			continue; /* has ended meanwhile */
		if (n <= 0) {
			found = n < 0 ? (int)n : -EPROTO;
			break;
		}
		/* A thread born since is traced already: PTRACE_O_TRACECLONE saw to it. */
		if (ft_proc_status_field(status, "TracerPid") == syscall(SYS_gettid))
			continue;
		if (is_dead(status))
			continue;
		found = -error;
		break;
	}
	closedir(dir);
	return found;
}

/* Seizes all threads of a process; *tgid: of it. -ESRCH: there is none. */
static int seize_process(struct ft_session *s, pid_t asked, pid_t *tgid)
{
	char status[4096];
	ssize_t n = ft_proc_text(asked, "status", status, sizeof(status));
	int before = s->tasks.count;
	bool first = true;
	pid_t ppid;
	int found;

	if (n <= 0)
		return n == -ENOENT || !n ? -ESRCH : (int)n;
	*tgid = (pid_t)ft_proc_status_field(status, "Tgid");
	ppid = (pid_t)ft_proc_status_field(status, "PPid");
	/* Threads may be born while we look: until a pass finds none. */
	while ((found = seize_threads(s, *tgid, ppid, first)) > 0)
		first = false;
	if (found < 0)
		return found;
	/* It may be ours already: named twice, or born meanwhile of another that is. */
	if (s->tasks.count > before || ft_task_find(&s->tasks, *tgid))
		return 0;
	if (ft_proc_text(asked, "status", status, sizeof(status)) <= 0)
		return -ESRCH;
	if (ft_proc_status_field(status, "TracerPid") == syscall(SYS_gettid))
		return 0;
	return is_dead(status) ? -EPERM : -ESRCH; /* as PTRACE_SEIZE would say */
}

int ft_start_attach(struct ft_session *s, enum ft_stage *stage)
{
	struct ft_task *t = NULL;
	int bucket = 0, rc;
	pid_t pid, root = 0;

	*stage = FT_STAGE_TRACE;
	for (size_t i = 0; i < s->attach_count; i++) {
		rc = seize_process(s, s->attach_pids[i], &pid);
		if (rc < 0) {
			s->attach_refused = s->attach_pids[i];
			return rc;
		}
		if (!root)
			root = pid;
	}
	s->root = root;
	while ((t = ft_task_next(&s->tasks, t ? t->next : NULL, &bucket)))
		t->interrupting = !ptrace(PTRACE_INTERRUPT, t->tid, 0, 0);
	pthread_mutex_lock(&s->lock);
	s->stats.root_pid = root;
	pthread_mutex_unlock(&s->lock);
	ft_session_started(s, root, FT_STAGE_NONE);
	return 0;
}

int ft_start_spawn(struct ft_session *s, enum ft_stage *stage)
{
	struct ft_task *t;
	int rc;

	*stage = FT_STAGE_FORK;
	rc = ft_spawn_child(
		s->command, &s->caller_mask, s->filter, s->filter_len, &s->gate, &s->root);
	if (rc < 0)
		return rc;
	if (ptrace(PTRACE_SEIZE, s->root, 0, ft_adopt_options(s)) < 0) {
		rc = -errno;
		*stage = FT_STAGE_TRACE;
		goto kill;
	}
	t = ft_adopt_known(s, s->root, s->root, getpid(), ft_now());
	if (!t) {
		rc = -ENOMEM;
		goto kill;
	}
	t->announced = true;
	t->born = true;
	t->ignores_traps = true; /* perhaps: what our caller ignores it inherits */
	ft_spawn_open_gate(s->gate);
	return 0;
kill:
	kill(s->root, SIGKILL);
	while (waitpid(s->root, NULL, __WALL | __WNOTHREAD) < 0 && errno == EINTR)
		continue;
	return rc;
}

/* The command's execve, which began before there was a stop to see it by. */
static void record_execve(struct ft_session *s, struct ft_task *t)
{
	const struct ft_command *c = s->command;
	uint64_t args[6] = { (uintptr_t)c->path, (uintptr_t)c->argv, (uintptr_t)c->envp };

	if (s->filter) /* which would have stopped it, were it wanted */
		return;
	/* Our own memory holds the path, at the same address as the child's did. */
	ft_record_entry(s, t, getpid(), ft_arch_native_abi, SYS_execve, args, s->gate->exec_ns);
}

void ft_start_failed(struct ft_session *s, struct ft_task *t, const struct ft_stop *stop)
{
	int error = s->gate->error ? s->gate->error : -ECHILD;

	if (s->gate->stage == FT_STAGE_EXEC && s->gate->error) {
		record_execve(s, t);
		ft_record_return(s, t, error, true, stop->time_ns);
		ft_record_exit(s, t, stop->status, stop->time_ns);
	}
	ft_session_started(s, error, s->gate->stage);
}

void ft_start_done(struct ft_session *s, struct ft_task *t)
{
	record_execve(s, t);
	ft_spawn_free_gate(s->gate);
	s->gate = NULL;
	pthread_mutex_lock(&s->lock);
	s->stats.root_pid = s->root;
	s->root_pidfd = (int)syscall(SYS_pidfd_open, s->root, 0);
	pthread_mutex_unlock(&s->lock);
	ft_session_started(s, s->root, FT_STAGE_NONE);
}
