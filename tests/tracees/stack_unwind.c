/* Unwinds the stack in a handler, over calls that block or not: main is found each time, and what it called.
 * build: -rdynamic -fasynchronous-unwind-tables -fno-optimize-sibling-calls
 * oracle: no (waits for itself by polling)
 */
#define _GNU_SOURCE
#include "asleep.h"
#include "expect.h"
#include <dlfcn.h>
#include <execinfo.h>
#include <pthread.h>
#include <signal.h>
#include <stdbool.h>
#include <string.h>
#include <sys/syscall.h>
#include <time.h>

static volatile pid_t blocked;
static volatile int handled;
static pthread_t main_thread;

static bool found(void *const *frames, int n, const char *name)
{
	Dl_info info;

	for (int i = 0; i < n; i++)
		if (dladdr(frames[i], &info) && info.dli_sname && !strcmp(info.dli_sname, name))
			return true;
	return false;
}

static void handler(int sig)
{
	void *frames[64];
	int n = backtrace(frames, 64);

	expect(sig == SIGUSR1 && found(frames, n, "main") && found(frames, n, "outer"));
	handled++;
}

static void *signals(void *arg)
{
	for (int i = 0; i < 20; i++) {
		until_asleep(&blocked);
		pthread_kill(main_thread, SIGUSR1);
		while (handled < 2 * i + 2)
			sched_yield();
	}
	return arg;
}

__attribute__((noinline)) void outer(int what);

void outer(int what)
{
	char c;
	int fd[2];

	must(pipe(fd));
	blocked = gettid();
	if (what == 0)
		expect(nanosleep(&(struct timespec){ .tv_sec = 100 }, NULL) == -1);
	else if (what == 1)
		expect(read(fd[0], &c, 1) == -1);
	else if (what == 2)
		expect(syscall(SYS_pause) == -1);
	else
		expect(pause() == -1);
	expect(errno == EINTR);
	blocked = 0;
	raise(SIGUSR1);
	close(fd[0]);
	close(fd[1]);
}

int main(void)
{
	void *frames[4];
	pthread_t t;

	alarm(30);
	main_thread = pthread_self();
	backtrace(frames, 4); /* loads what it needs */
	must(sigaction(SIGUSR1, &(struct sigaction){ .sa_handler = handler }, NULL));
	must_zero(pthread_create(&t, NULL, signals, NULL));
	for (int i = 0; i < 20; i++)
		outer(i % 4);
	must_zero(pthread_join(t, NULL));
	printf("unwound %d\n", handled);
	return 0;
}
