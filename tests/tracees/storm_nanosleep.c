/* A timer's signals over nanosleep, which SA_RESTART does not restart: it fails with EINTR each time.
 * oracle: no (how many signals come is a matter of time)
 */
#define _GNU_SOURCE
#include "must.h"
#include <errno.h>
#include <signal.h>
#include <sys/time.h>
#include <time.h>

static volatile sig_atomic_t count;

static void on_alarm(int sig)
{
	count += sig == SIGALRM;
}

int main(void)
{
	struct sigaction sa = { .sa_handler = on_alarm, .sa_flags = SA_RESTART };
	struct itimerval every = { { 0, 1000 }, { 0, 1000 } };
	struct timespec left = { .tv_sec = 1000 };

	must(sigaction(SIGALRM, &sa, NULL));
	must(setitimer(ITIMER_REAL, &every, NULL));
	while (count < 50)
		if (nanosleep(&left, &left) == 0 || errno != EINTR)
			return 1;
	printf("slept less than %d s\n", 1000);
	return left.tv_sec > 999;
}
