/* A handler on another stack leaves a blocked read, a futex and a nanosleep by siglongjmp, over and over.
 * oracle: no (waits for itself by polling)
 */
#define _GNU_SOURCE
#include "asleep.h"
#include "expect.h"
#include <pthread.h>
#include <semaphore.h>
#include <setjmp.h>
#include <signal.h>
#include <time.h>

#define ROUNDS 60

static char other[65536];
static volatile pid_t blocked;
static volatile int handled;
static pthread_t main_thread;
static sigjmp_buf back;

static void handler(int sig)
{
	char here;

	expect(sig == SIGUSR1 && &here > other && &here < other + sizeof(other));
	blocked = 0;
	handled++;
	siglongjmp(back, 1);
}

static void *disturbs(void *arg)
{
	for (int i = 0; i < ROUNDS; i++) {
		until_asleep(&blocked);
		pthread_kill(main_thread, SIGUSR1);
		while (handled == i)
			sched_yield();
	}
	return arg;
}

int main(void)
{
	struct sigaction sa = { .sa_handler = handler, .sa_flags = SA_ONSTACK | SA_RESTART };
	stack_t ss = { .ss_sp = other, .ss_size = sizeof(other) }, now;
	volatile int jumps = 0;
	pthread_t t;
	sem_t sem;
	int fd[2];
	char c;

	alarm(30);
	main_thread = pthread_self();
	must(pipe(fd));
	must(sem_init(&sem, 0, 0));
	must(sigaltstack(&ss, NULL));
	must(sigaction(SIGUSR1, &sa, NULL));
	must_zero(pthread_create(&t, NULL, disturbs, NULL));
	while (jumps < ROUNDS) {
		if (sigsetjmp(back, 1)) {
			jumps++;
			must(sigaltstack(NULL, &now));
			expect(now.ss_sp == other && now.ss_flags == 0);
			continue;
		}
		blocked = gettid();
		if (jumps % 3 == 0)
			expect(read(fd[0], &c, 1) == 2);
		else if (jumps % 3 == 1)
			expect(sem_wait(&sem) == 2);
		else
			expect(nanosleep(&(struct timespec){ .tv_sec = 100 }, NULL) == 2);
	}
	must_zero(pthread_join(t, NULL));
	printf("jumps %d\n", jumps);
	return 0;
}
