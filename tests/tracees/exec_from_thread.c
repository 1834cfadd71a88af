/* A thread that is not the leader execs; the leader waits in pthread_join.
 * oracle: no (how far the leader comes before is a matter of time)
 */
#define _GNU_SOURCE
#include "must.h"
#include <pthread.h>
#include <unistd.h>

static void *run(void *arg)
{
	(void)arg;
	execl("/proc/self/exe", "exec_from_thread", "again", NULL);
	abort();
}

int main(int argc, char **argv)
{
	pthread_t t;

	(void)argv;
	if (argc > 1) {
		printf("leader again: %d\n", getpid() == gettid());
		return 6;
	}
	must_zero(pthread_create(&t, NULL, run, NULL));
	pthread_join(t, NULL);
	return 1;
}
