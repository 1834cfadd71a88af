/* How a session begins: a command is spawned, or a process attached to. */
#define _GNU_SOURCE
#include "tracer/start.h"

#include <errno.h>
#include <sys/ptrace.h>
#include <linux/ptrace.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "arch/arch.h"
#include "kernel/clock.h"
#include "session/record.h"
#include "session/adopt.h"
#include "tracer/seize.h"

int ft_start_attach(struct ft_session *s, enum ft_stage *stage)
{
	pid_t pid, root = 0;
	int rc;

	*stage = FT_STAGE_TRACE;
	for (size_t i = 0; i < s->attach_count; i++) {
		rc = ft_seize_process(s, s->attach_pids[i], &pid);
		if (rc < 0) {
			s->attach_refused = s->attach_pids[i];
			return rc;
		}
		if (!root)
			root = pid;
	}
	s->root = root;
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
