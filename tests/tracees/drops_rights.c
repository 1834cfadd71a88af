/* As a daemon: forks, changes to another user if it may, is not dumpable from then on, and forks again, also from a
 * thread, and grandchildren; then its threads make it dumpable and not dumpable in turn while it forks.
 * oracle: no (how often a thread calls prctl is a matter of time)
 */
#define _GNU_SOURCE
#include "expect.h"
#include <pthread.h>
#include <stdatomic.h>
#include <sys/prctl.h>
#include <sys/syscall.h>

#define NOBODY 65534

static atomic_int end;

static void calls(void)
{
	pid_t pid = getpid();

	for (int i = 0; i < 10; i++)
		expect(getpid() == pid && getppid() > 0 && access("/", F_OK) == 0 &&
			syscall(SYS_nfsservctl) == -1);
}

static void child(int children)
{
	calls();
	if (children)
		expect(in_child(child(children - 1); _exit(42)) == 42);
	calls();
}

static void *forks(void *arg)
{
	for (int i = 0; i < 5; i++)
		expect(in_child(child(2); _exit(42)) == 42);
	return arg;
}

/* Of calls that change it, by one process: what the kernel notes of all of them must find room in its buffer. */
#define CHANGES 8000

/* A thread of its own, so that it can happen at any moment of a fork. */
static void *changes(void *arg)
{
	for (int i = 0; i < CHANGES && !end; i++) {
		must(prctl(PR_SET_DUMPABLE, i % 2, 0, 0, 0));
		for (volatile int wait = 0; wait < 10000; wait++)
			;
	}
	return arg;
}

static void fork_and_change(void)
{
	pthread_t t;

	must(prctl(PR_SET_DUMPABLE, 1, 0, 0, 0));
	must_zero(pthread_create(&t, NULL, changes, NULL));
	forks(NULL);
	end = 1;
	must_zero(pthread_join(t, NULL));
}

int main(void)
{
	pthread_t t;

	calls();
	forks(NULL);
	for (int i = 0; i < 10; i++)
		expect(in_child(fork_and_change(); _exit(42)) == 42);
	if (!getuid()) {
		must(setgid(NOBODY));
		must(setuid(NOBODY));
	}
	must(prctl(PR_SET_DUMPABLE, 0, 0, 0, 0));
	calls();
	forks(NULL);
	must_zero(pthread_create(&t, NULL, forks, NULL));
	must_zero(pthread_join(t, NULL));
	forks(NULL);
	puts("all lived");
	return 0;
}
