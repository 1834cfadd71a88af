/* A timer's signals, with SA_RESTART, over a blocked read: the read never fails.
 * oracle: no (how many signals come is a matter of time)
 */
#define _GNU_SOURCE
#include "must.h"
#include <signal.h>
#include <sys/time.h>
#include <unistd.h>

static int fd[2];
static volatile sig_atomic_t count;

static void on_alarm(int sig)
{
	(void)sig;
	if (++count == 50)
		must(write(fd[1], "x", 1));
}

int main(void)
{
	struct sigaction sa = { .sa_handler = on_alarm, .sa_flags = SA_RESTART };
	struct itimerval every = { { 0, 1000 }, { 0, 1000 } };
	char c;

	must(pipe(fd));
	must(sigaction(SIGALRM, &sa, NULL));
	must(setitimer(ITIMER_REAL, &every, NULL));
	printf("read %zd\n", must(read(fd[0], &c, 1)));
	return count < 50;
}
