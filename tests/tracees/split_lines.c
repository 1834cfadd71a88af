/* Calls that wait while other tasks make calls, in an order that sleeps make sure of. */
#define _GNU_SOURCE
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include "must.h"

#define PAUSE_US 30000

/* While the parent waits: a call, which ends its wait. */
static void child(int fd)
{
	for (int i = 0; i < 3; i++) {
		usleep(PAUSE_US);
		must(write(fd, "x", 1));
	}
	usleep(PAUSE_US);
	_exit(7);
}

static void *thread(void *fd)
{
	usleep(PAUSE_US);
	must(write(*(int *)fd, "y", 1));
	usleep(PAUSE_US);
	return NULL;
}

int main(void)
{
	struct pollfd wanted;
	pthread_t other;
	int fds[2];
	char byte;

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
	usleep(PAUSE_US);
	signal(SIGUSR1, SIG_IGN);
	must(kill(getpid(), SIGUSR1));
	return 3;
}
