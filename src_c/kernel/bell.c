#define _GNU_SOURCE
#include "kernel/bell.h"

#include <errno.h>
#include <linux/futex.h>
#include <sched.h>
#include <signal.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "arch/arch.h"
#include "kernel/clock.h"

#define STACK (64u << 10)
#define TRIES 8

/*
 * ThreadSanitizer takes each clone(3) for a fork, and would set itself up anew in the child, which here
 * is in our memory. It does not know glibc's other name for the function.
 */
#if defined(__SANITIZE_THREAD__)
extern int __clone(int (*fn)(void *), void *stack, int flags, void *arg, ...);
#define clone __clone
#endif

struct ft_bell {
	pid_t pid, owner;
	const cpu_set_t *home;
	uint32_t changes; /* the futex: counts what happens to the two below */
	uint32_t rung;
	uint64_t at_ns;
	char *stack;
};

/*
 * Runs in a process of its own that shares our memory, descriptors and thread pointer: raw system
 * calls only, for errno here is the errno of the thread that hung the bell.
 */
__attribute__((
	no_sanitize("address", "undefined", "thread"), optimize("no-stack-protector"))) static int
wait_for_ring(void *arg)
{
	static const struct sched_param other;
	struct ft_bell *b = arg;

	ft_arch_raw_syscall(SYS_prctl, PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0, 0);
	/* It may have been killed before that. */
	if (ft_arch_raw_syscall(SYS_getppid, 0, 0, 0, 0, 0, 0) != b->owner)
		ft_arch_raw_syscall(SYS_exit, 0, 0, 0, 0, 0, 0);
	ft_arch_raw_syscall(SYS_prctl, PR_SET_NAME, (long)"fasttrace-bell", 0, 0, 0, 0);
	/* The tracer thread may be near a tracee just now: see scheduling.h. */
	if (b->home) {
		ft_arch_raw_syscall(
			SYS_sched_setaffinity, 0, sizeof(*b->home), (long)b->home, 0, 0, 0);
		ft_arch_raw_syscall(SYS_sched_setscheduler, 0, SCHED_OTHER, (long)&other, 0, 0, 0);
	}
	for (;;) {
		uint32_t seen = __atomic_load_n(&b->changes, __ATOMIC_ACQUIRE);
		uint64_t at = __atomic_load_n(&b->at_ns, __ATOMIC_ACQUIRE);
		struct timespec until = ft_timespec(at);

		if (__atomic_load_n(&b->rung, __ATOMIC_ACQUIRE))
			break;
		if (ft_arch_raw_syscall(SYS_futex, (long)&b->changes, FUTEX_WAIT_BITSET, seen,
			    at ? (long)&until : 0, 0, FUTEX_BITSET_MATCH_ANY) == -ETIMEDOUT)
			break;
	}
	ft_arch_raw_syscall(SYS_exit, 0, 0, 0, 0, 0, 0);
	__builtin_unreachable();
}

static void reap(const struct ft_bell *b)
{
	int status;
	pid_t pid;

	kill(b->pid, SIGKILL);
	do
		pid = waitpid(b->pid, &status, __WALL | __WNOTHREAD);
	while ((pid < 0 && errno == EINTR) || (pid == b->pid && WIFSTOPPED(status)));
}

static int hang(struct ft_bell *b)
{
	int rc;

	/* No exit signal: the host program gets no SIGCHLD, and its wait(-1) does not see this
	 * child. */
	b->pid = clone(wait_for_ring, b->stack + STACK, CLONE_VM | CLONE_FILES, b);
	if (b->pid < 0)
		return -errno;
	/* Ours to trace, so that no program of the same user can stop it or make it its own tracee. */
	if (!ptrace(PTRACE_SEIZE, b->pid, 0, PTRACE_O_EXITKILL))
		return 0;
	rc = -errno;
	kill(b->pid, SIGKILL);
	return rc;
}

int ft_bell_hang(const cpu_set_t *home, struct ft_bell **out)
{
	struct ft_bell *b;
	int rc = -EPERM;

	/* Where another was faster than we: its prey, and that one's stack, are lost to us until it lets go. */
	for (int i = 0; i < TRIES && rc == -EPERM; i++) {
		b = calloc(1, sizeof(*b));
		if (!b)
			return -ENOMEM;
		b->owner = getpid();
		b->home = home;
		b->stack = mmap(
			NULL, STACK, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
		if (b->stack == MAP_FAILED) {
			rc = -errno;
			free(b);
			return rc;
		}
		rc = hang(b);
	}
	if (rc < 0)
		return rc;
	*out = b;
	return 0;
}

void ft_bell_stopped(const struct ft_bell *b)
{
	ptrace(PTRACE_CONT, b->pid, 0, 0);
}

pid_t ft_bell_pid(const struct ft_bell *b)
{
	return b->pid;
}

static void wake(struct ft_bell *b)
{
	__atomic_add_fetch(&b->changes, 1, __ATOMIC_RELEASE);
	syscall(SYS_futex, &b->changes, FUTEX_WAKE, 1, NULL, NULL, 0);
}

void ft_bell_ring(struct ft_bell *b)
{
	__atomic_store_n(&b->rung, 1, __ATOMIC_RELEASE);
	wake(b);
}

void ft_bell_ring_at(struct ft_bell *b, uint64_t time_ns)
{
	if (b->at_ns == time_ns)
		return;
	__atomic_store_n(&b->at_ns, time_ns, __ATOMIC_RELEASE);
	wake(b);
}

void ft_bell_free(struct ft_bell *b, int reaped)
{
	if (!b)
		return;
	if (!reaped)
		reap(b);
	munmap(b->stack, STACK);
	free(b);
}
