/* Children and threads that get the ids of others which have just gone: the kernel is told which comes next. Exits with
 * 77 where it may not be told (CAP_CHECKPOINT_RESTORE); only in a pid namespace of its own.
 * role: enemy
 */
#define _GNU_SOURCE
#include "expect.h"
#include <fcntl.h>
#include <pthread.h>
#include <sched.h>
#include <sys/syscall.h>

static void next_is(int fd, pid_t id)
{
	char text[16];
	int n = snprintf(text, sizeof(text), "%d", id - 1);

	expect(pwrite(fd, text, (size_t)n, 0) == n);
}

/*
 * A task that is gone for tgkill(2) has its id for a while yet (kernel/exit.c, release_task(): proc_flush_pid() comes
 * before free_pids()); meanwhile the next one gets another.
 */
static pid_t forked_as(int fd, pid_t id)
{
	for (;;) {
		pid_t pid;

		next_is(fd, id);
		pid = must(fork());
		if (!pid && getpid() != id)
			_exit(0);
		if (!pid || pid == id)
			return pid;
		expect(end_of(pid) == 0);
	}
}

static void *asks(void *arg)
{
	*(pid_t *)arg = gettid();
	for (int i = 0; i < 5; i++)
		expect(syscall(SYS_gettid) == *(pid_t *)arg);
	return arg;
}

int main(void)
{
	int fd = open("/proc/sys/kernel/ns_last_pid", O_WRONLY | O_CLOEXEC);
	pid_t first, again;
	pthread_t t;

	if (fd < 0 || pwrite(fd, "1", 1, 0) <
			      0) /* in a user namespace of its own it is the write that fails */
		return 77;
	for (int i = 0; i < 50; i++) {
		first = must(fork());
		if (!first)
			_exit(i % 2 ? 0 : execl("/bin/true", "true", NULL));
		expect(end_of(first) == 0);
		next_is(fd, first);
		if (i % 3 == 0) { /* a thread where a process was */
			must_zero(pthread_create(&t, NULL, asks, &again));
			must_zero(pthread_join(t, NULL));
			expect(again == first);
			/* pthread_join() is told before the id is free: a tracer may have to wait for it first. */
			while (!syscall(SYS_tgkill, getpid(), again, 0))
				sched_yield();
		}
		again = forked_as(fd, first);
		if (!again) {
			expect(getpid() == first && getppid() > 0);
			execl("/bin/sh", "sh", "-c", "exit 7", NULL);
		}
		expect(again == first && end_of(again) == 7);
	}
	return 0;
}
