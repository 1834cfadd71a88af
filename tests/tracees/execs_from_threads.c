/* Of four threads the youngest execs the program anew, again and again, until stdin ends.
 * role: attach
 * oracle: no (how far the others come before is a matter of time)
 */
#define _GNU_SOURCE
#include "must.h"
#include <poll.h>
#include <pthread.h>
#include <unistd.h>

static const char *wrong;

static void *waits(void *arg)
{
	for (;;)
		pause();
	return arg;
}

static void *execs(void *arg)
{
	struct pollfd input = { .fd = 0, .events = POLLIN };

	if (must(poll(&input, 1, 0))) {
		printf("wrong: %s\n", wrong);
		exit(0);
	}
	execl("/proc/self/exe", "execs_from_threads", wrong, NULL);
	abort();
	return arg;
}

int main(int argc, char **argv)
{
	pthread_t thread;

	wrong = argc > 1 ? argv[1] : "0";
	if (getpid() != gettid())
		wrong = "1";
	if (argc == 1) {
		puts("ready");
		fflush(stdout);
	}
	for (int i = 0; i < 3; i++)
		must_zero(pthread_create(&thread, NULL, i < 2 ? waits : execs, NULL));
	waits(NULL);
	return 1;
}
