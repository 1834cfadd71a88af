/* Threads that share under ThreadSanitizer, which finds nothing.
 * build: -fsanitize=thread
 * oracle: no (how often its threads wait is a matter of time)
 */
#define _GNU_SOURCE
#include "expect.h"
#include <pthread.h>
#include <signal.h>

static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
static volatile sig_atomic_t handled;
static int shared;

static void handler(int sig)
{
	handled += sig == SIGUSR1;
}

static void *run(void *arg)
{
	long ppid = getppid();

	for (int i = 0; i < 500; i++) {
		expect(getppid() == ppid && access("/does/not/exist", R_OK) == -1);
		pthread_mutex_lock(&mutex);
		shared++;
		pthread_mutex_unlock(&mutex);
	}
	return arg;
}

int main(void)
{
	pthread_t t[4];

	for (int i = 0; i < 4; i++)
		must_zero(pthread_create(&t[i], NULL, run, NULL));
	for (int i = 0; i < 4; i++)
		must_zero(pthread_join(t[i], NULL));
	must(sigaction(SIGUSR1, &(struct sigaction){ .sa_handler = handler }, NULL));
	for (int i = 0; i < 20; i++)
		raise(SIGUSR1);
	printf("shared %d handled %d\n", shared, (int)handled);
	printf("child %d\n", in_child(_exit(7)));
	return 0;
}
