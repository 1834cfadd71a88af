/* A blocked read without SA_RESTART fails with EINTR when a signal comes.
 * oracle: no (the timer may fire more than once)
 */
#define _GNU_SOURCE
#include "must.h"
#include <errno.h>
#include <signal.h>
#include <sys/time.h>
#include <unistd.h>

static void handler(int sig)
{
	(void)sig;
}

int main(void)
{
	struct sigaction sa = { .sa_handler = handler };
	/* Again and again: the first may come before the read. */
	struct itimerval every = { { 0, 10000 }, { 0, 10000 } };
	int fd[2];
	char c;

	must(pipe(fd));
	must(sigaction(SIGALRM, &sa, NULL));
	must(setitimer(ITIMER_REAL, &every, NULL));
	if (read(fd[0], &c, 1) == -1)
		printf("EINTR %d\n", errno == EINTR);
	return 0;
}
