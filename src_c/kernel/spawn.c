#define _GNU_SOURCE
#include "kernel/spawn.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/filter.h>
#include <linux/futex.h>
#include <linux/seccomp.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "kernel/clock.h"

__attribute__((noreturn)) static void fail(struct ft_gate *g, enum ft_stage stage)
{
	g->stage = stage;
	g->error = -errno;
	_exit(1); /* which is in the trace: not 127, which says that a shell has found nothing */
}

/* A handler of ours must not run in the child; execve itself would reset it only later. */
static void reset_handlers(uint64_t default_signals)
{
	for (int sig = 1; sig < NSIG; sig++) {
		struct sigaction sa;

		if (sigaction(sig, NULL, &sa) < 0)
			continue; /* SIGKILL, SIGSTOP, and two that glibc keeps for itself */
		if (sa.sa_handler == SIG_DFL)
			continue;
		if (sa.sa_handler == SIG_IGN && !(default_signals >> (sig - 1) & 1))
			continue;
		sa = (struct sigaction){ .sa_handler = SIG_DFL };
		sigaction(sig, &sa, NULL);
	}
}

static void set_mask(const sigset_t *callers, uint64_t unblocked_signals)
{
	sigset_t mask = *callers;

	for (int sig = 1; sig < NSIG; sig++)
		if (unblocked_signals >> (sig - 1) & 1)
			sigdelset(&mask, sig);
	sigprocmask(SIG_SETMASK, &mask, NULL);
}

/* Makes descriptors 0 to 2 what the command asks for; the sources may be 0 to 2 themselves. */
static int place_stdio(const int stdio[3])
{
	int from[3];

	for (int i = 0; i < 3; i++) {
		from[i] = stdio[i];
		if (from[i] >= 0 && from[i] < 3 && from[i] != i) {
			from[i] = fcntl(from[i], F_DUPFD_CLOEXEC, 3);
			if (from[i] < 0)
				return -1;
		}
	}
	for (int i = 0; i < 3; i++) {
		int flags;

		if (from[i] < 0)
			continue;
		if (from[i] != i) {
			if (dup2(from[i], i) < 0)
				return -1;
			continue;
		}
		flags = fcntl(i, F_GETFD);
		if (flags < 0 || fcntl(i, F_SETFD, flags & ~FD_CLOEXEC) < 0)
			return -1;
	}
	return 0;
}

static int install_filter(const void *filter, uint16_t len, uint32_t flags)
{
	struct sock_fprog prog = { .len = len, .filter = (struct sock_filter *)(uintptr_t)filter };

	if (!syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, flags, &prog))
		return 0;
	/* Without CAP_SYS_ADMIN a filter needs no_new_privs, see seccomp(2). */
	if (errno != EACCES || prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0)
		return -1;
	return (int)syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, flags, &prog);
}

__attribute__((noreturn)) static void child(const struct ft_command *c, const sigset_t *mask,
	const void *filter, uint16_t filter_len, struct ft_gate *g, pid_t parent)
{
	/* Until the gate opens nobody would miss us if the tracer died. */
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (getppid() != parent)
		_exit(127);
	while (!__atomic_load_n(&g->open, __ATOMIC_ACQUIRE))
		syscall(SYS_futex, &g->open, FUTEX_WAIT, 0, NULL, NULL, 0);
	prctl(PR_SET_PDEATHSIG, 0);
	reset_handlers(c->default_signals);
	if (place_stdio(c->stdio) < 0)
		fail(g, FT_STAGE_STDIO);
	if (c->cwd && chdir(c->cwd) < 0)
		fail(g, FT_STAGE_CWD);
	set_mask(mask, c->unblocked_signals);
	g->exec_ns = ft_now();
	if (filter && install_filter(filter, filter_len, 0) < 0)
		fail(g, FT_STAGE_FILTER);
	if (c->seccomp && install_filter(c->seccomp, c->seccomp_len, c->seccomp_flags) < 0)
		fail(g, FT_STAGE_SECCOMP);
	g->stage = FT_STAGE_EXEC; /* should it be killed there */
	execve(c->path, c->argv, c->envp);
	fail(g, FT_STAGE_EXEC);
}

int ft_become(const struct ft_command *c, enum ft_stage *stage)
{
	reset_handlers(c->default_signals);
	*stage = FT_STAGE_SECCOMP;
	if (c->seccomp && install_filter(c->seccomp, c->seccomp_len, c->seccomp_flags) < 0)
		return -errno;
	*stage = FT_STAGE_EXEC;
	execve(c->path, c->argv, c->envp);
	return -errno;
}

int ft_spawn_child(const struct ft_command *c, const sigset_t *mask, const void *filter,
	uint16_t filter_len, struct ft_gate **gate, pid_t *pid)
{
	struct ft_gate *g;
	pid_t parent = getpid();
	long child_pid;

	g = mmap(NULL, sizeof(*g), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (g == MAP_FAILED)
		return -errno;
	/*
	 * Not fork(): its atfork handlers are the host program's business. No exit signal until
	 * execve sets SIGCHLD, so that a wait(-1) of the host program does not meet a child that
	 * never became the command.
	 */
#if defined(__x86_64__)
	child_pid = syscall(SYS_clone, 0, NULL, NULL, NULL, 0);
#else
	child_pid = syscall(SYS_clone, 0, NULL, NULL, 0, NULL);
#endif
	if (child_pid < 0) {
		int rc = -errno;

		ft_spawn_free_gate(g);
		return rc;
	}
	if (child_pid == 0)
		child(c, mask, filter, filter_len, g, parent);
	*gate = g;
	*pid = (pid_t)child_pid;
	return 0;
}

void ft_spawn_open_gate(struct ft_gate *gate)
{
	__atomic_store_n(&gate->open, 1, __ATOMIC_RELEASE);
	syscall(SYS_futex, &gate->open, FUTEX_WAKE, 1, NULL, NULL, 0);
}

void ft_spawn_free_gate(struct ft_gate *gate)
{
	if (gate)
		munmap(gate, sizeof(*gate));
}
