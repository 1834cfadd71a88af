/* Calls that wait while other tasks make calls, which end the waits.
 * oracle: no (waits for its parent by polling)
 */
#define _GNU_SOURCE
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "asleep.h"
#include "must.h"

static pid_t parent;

/* While the parent waits: a call, which ends its wait. */
static void child(int fd)
{
	for (int i = 0; i < 3; i++) {
		until_asleep(&parent);
		must(write(fd, "x", 1));
	}
	until_asleep(&parent);
	_exit(7);
}

static void *thread(void *fd)
{
	until_asleep(&parent);
	must(write(*(int *)fd, "y", 1));
	until_asleep(&parent);
	return NULL;
}

/* Links of the folder: its own, its parent's, and one for each thread. */
static int has_threads(void)
{
	struct stat tasks;

	must(stat("/proc/self/task", &tasks));
	return tasks.st_nlink > 3;
}

int main(void)
{
	struct pollfd wanted;
	pthread_t other;
	int fds[2];
	char byte;

	parent = getpid();
	must(pipe(fds));
	if (!must(fork()))
		child(fds[1]);
	wanted = (struct pollfd){ fds[0], POLLIN, 0 };
	must(poll(&wanted, 1, -1));
	must(read(fds[0], &byte, 1));
	must(read(fds[0], &byte, 1));
	must(read(fds[0], &byte, 1));
	must(wait(NULL));
	must_zero(pthread_create(&other, NULL, thread, &fds[1]));
	must(read(fds[0], &byte, 1));
	must_zero(pthread_join(other, NULL));
	/* Joined is not yet gone: who is still dying at exit_group gets the group's status. */
	while (has_threads())
		sched_yield();
	signal(SIGUSR1, SIG_IGN);
	must(kill(getpid(), SIGUSR1));
	return 3;
}
