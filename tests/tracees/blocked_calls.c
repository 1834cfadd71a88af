/* Threads blocked in calls that the kernel ends with EINTR for any wake-up, until stdin ends; none may see EINTR.
 * role: attach
 * oracle: no (waits for its threads by polling)
 */
#define _GNU_SOURCE
#include "asleep.h"
#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/sem.h>
#include <stdint.h>
#include <time.h>

enum { EPOLL_EVER, EPOLL_LONG, SIGTIMEDWAIT, SEMOP, THREADS };

static int event, sem;
static volatile pid_t tid[THREADS];
static const char *const names[] = { "epoll_wait", "epoll_wait, timeout", "sigtimedwait", "semop" };

static long wait_epoll(int timeout_ms)
{
	struct epoll_event ev = { .events = EPOLLIN };
	int ep = must(epoll_create1(0));

	must(epoll_ctl(ep, EPOLL_CTL_ADD, event, &ev));
	return epoll_wait(ep, &ev, 1, timeout_ms);
}

static long wait_signal(void)
{
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGUSR1);
	return sigtimedwait(&set, NULL, &(struct timespec){ .tv_sec = 1000 });
}

static void *body(void *arg)
{
	struct sembuf down = { .sem_op = -1 };
	long which = (long)arg, ret = -1;

	tid[which] = gettid();
	if (which == EPOLL_EVER)
		ret = wait_epoll(-1);
	else if (which == EPOLL_LONG)
		ret = wait_epoll(1000000);
	else if (which == SIGTIMEDWAIT)
		ret = wait_signal();
	else
		ret = semop(sem, &down, 1);
	return (void *)(ret < 0 ? -(long)errno : ret);
}

int main(void)
{
	struct sembuf up = { .sem_op = 1 };
	pthread_t t[THREADS];
	sigset_t set;
	char c;

	sigemptyset(&set);
	sigaddset(&set, SIGUSR1);
	must(sigprocmask(SIG_BLOCK, &set, NULL));
	event = must(eventfd(0, 0));
	sem = must(semget(IPC_PRIVATE, 1, 0600));
	for (long i = 0; i < THREADS; i++)
		must_zero(pthread_create(&t[i], NULL, body, (void *)i));
	for (int i = 0; i < THREADS; i++)
		until_asleep(&tid[i]);
	puts("ready");
	fflush(stdout);
	if (read(0, &c, 1) != 0)
		puts("read failed");
	must(write(event, &(uint64_t){ 1 }, 8));
	must_zero(pthread_kill(t[SIGTIMEDWAIT], SIGUSR1));
	must(semop(sem, &up, 1));
	for (int i = 0; i < THREADS; i++) {
		void *ret;

		must_zero(pthread_join(t[i], &ret));
		printf("%s: %ld\n", names[i], (long)ret);
	}
	must(semctl(sem, 0, IPC_RMID));
	return 0;
}
