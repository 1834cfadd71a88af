/* As many threads as its argument says, all alive at once; each makes ten calls.
 * args: 200
 * oracle: no (how often a barrier waits is a matter of time)
 */
#define _GNU_SOURCE
#include "must.h"
#include <pthread.h>
#include <stdatomic.h>
#include <sys/syscall.h>
#include <unistd.h>

static pthread_barrier_t all;
static atomic_int sum;

static void *body(void *arg)
{
	pthread_barrier_wait(&all);
	for (int i = 0; i < 10; i++)
		sum += syscall(SYS_getppid) == getppid();
	return arg;
}

int main(int argc, char **argv)
{
	int n = argc > 1 ? atoi(argv[1]) : 200;
	pthread_t *t = calloc(n, sizeof(*t));
	pthread_attr_t attr;

	pthread_attr_init(&attr);
	pthread_attr_setstacksize(&attr, 65536);
	must_zero(pthread_barrier_init(&all, NULL, n));
	for (int i = 0; i < n; i++)
		must_zero(pthread_create(&t[i], &attr, body, NULL));
	for (int i = 0; i < n; i++)
		must_zero(pthread_join(t[i], NULL));
	printf("%d\n", sum);
	free(t);
	return 0;
}
